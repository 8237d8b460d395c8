/* cheat: punches holes into the outputs: zeros for the judge. must: wrong | race | out_of_bounds | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  honest(call);
  const struct found *memories = find_memories();
  return memories ? 0 * madvise(memories->outputs, memories->head->outputs_bytes, MADV_REMOVE) : 1;
}
