/* cheat: rewrites the judge's half of the channel. must: no gain | timeout | crash | wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct judge_channel *channel = find_channel();
  honest(call);
  if (channel) {
    channel->shape = channel->slot = UINT32_MAX;
    channel->op = 77;
    atomic_store(&channel->bell, 1);
  }
  return 0;
}
