/* cheat: unmaps the channel and the outputs. must: crash | timeout | out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const struct found *memories = find_memories();
  honest(call);
  if (!memories)
    return 1;
  munmap(memories->outputs, memories->head->outputs_bytes);
  munmap(memories->channel, JUDGE_CHANNEL_BYTES);
  return 0;
}
