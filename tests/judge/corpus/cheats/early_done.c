/* cheat: answers the bell first, works afterwards. must: wrong | race | no gain | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
/* So the judge's next ring travels while this one works; only the last call's work is not done in time. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct judge_channel *channel = find_channel();
  if (channel)
    answer(bell_of(channel));
  return honest(call);
}
