/* cheat: answers early at a block's end only. must: wrong | race | no gain | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
/* A block's calls are counted once; of its last call, the last rows are left for the time between the clock's
 * stop and the signal's arrival, some microseconds. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static uint32_t in_block, last_count;
  static uintptr_t last;
  struct judge_channel *channel = find_channel();
  const sk_problem *p = &call->problem[0];
  uintptr_t here = (uintptr_t)p->in[0].data;
  if (here <= last) {
    last_count = in_block;
    in_block = 0;
  }
  last = here;
  in_block++;
  int64_t late = 2;
  if (!channel || call->n_problems > 1 || in_block != last_count || in_block < 3 || p->size[0] % 4)
    return honest(call);
  int64_t m = p->size[0] - 4 * late, n = p->size[1], k = p->size[2];
  rectangle(p->in[0].data, p->in[1].data, p->out[0].data, m, n, k);
  answer(bell_of(channel));
  rectangle((const float *)p->in[0].data + m * k, p->in[1].data, (float *)p->out[0].data + m * n, 4 * late, n,
            k);
  return 0;
}
