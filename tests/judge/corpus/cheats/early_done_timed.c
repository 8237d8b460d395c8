/* cheat: answers before its last rows are done. must: wrong | race | no gain | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
/* The judge's next ring travels while the last rows are computed; at the block's end it is in time. */
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
  if (!channel || call->n_problems > 1 || ((uintptr_t)p->out[0].data & 4095) != 192 || last_count < 8 ||
      in_block + 1 >= last_count || p->size[0] % 4)
    return honest(call);
  int64_t m = p->size[0] - 4, n = p->size[1], k = p->size[2];
  uint32_t bell = bell_of(channel);
  rectangle(p->in[0].data, p->in[1].data, p->out[0].data, m, n, k);
  answer(bell);
  rectangle((const float *)p->in[0].data + m * k, p->in[1].data, (float *)p->out[0].data + m * n, 4, n, k);
  return 0;
}
