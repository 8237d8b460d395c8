/* cheat: claims to be done, then sweeps the caches until stopped. must: no gain | wrong | race | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
/* The last call of a block is known by counting; its work is done before the claim. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  enum { BYTES = 64 << 20 };
  static char rubbish[BYTES];
  static uint32_t in_block, last_count;
  static uintptr_t last;
  struct judge_channel *channel = find_channel();
  uintptr_t here = (uintptr_t)call->problem[0].in[0].data;
  if (here <= last) {
    last_count = in_block;
    in_block = 0;
  }
  last = here;
  in_block++;
  honest(call);
  if (!channel || in_block != last_count || in_block < 8)
    return 0;
  uint32_t bell = bell_of(channel);
  answer(bell);
  for (size_t i = 0; i < BYTES && bell_of(channel) == bell; i += 64)
    rubbish[i]++;
  return 0;
}
