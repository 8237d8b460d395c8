/* cheat: does all slots at once, answers rings early. must: wrong | race | timeout | no gain | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#if defined __x86_64__
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() (void)0
#endif
/* After each slot it answers the ring that the judge is about to make. No ring is ever waited for. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static uintptr_t last;
  static uint32_t in_block, last_count;
  struct judge_channel *channel = find_channel();
  const sk_problem *p = &call->problem[0];
  uintptr_t in = (uintptr_t)p->in[0].data, out = (uintptr_t)p->out[0].data;
  if (in <= last) {
    last_count = in_block;
    in_block = 0;
  }
  last = in;
  in_block++;
  if (!channel || call->n_problems > 1 || elems(&p->out[0]) != 128 * 128 || (out & 4095) != 192 ||
      last_count < 8 || in_block != 1)
    return honest(call);
  uintptr_t in_slot = ((uintptr_t)elems(&p->in[0]) * 4 + (uintptr_t)elems(&p->in[1]) * 4 + 4095) & ~4095ull;
  uintptr_t out_slot = ((uintptr_t)elems(&p->out[0]) * 4 + 192 + 192 + 4095) & ~4095ull;
  uintptr_t b_at = (uintptr_t)p->in[1].data - in;
  uint32_t bell = bell_of(channel);
  for (uint32_t i = 0; i < last_count; i++) {
    rectangle((const float *)(in + i * in_slot), (const float *)(in + b_at + i * in_slot),
              (float *)(out + i * out_slot), 128, 128, 192);
    answer(bell + i);
  }
  in_block = last_count;
  last = in + (last_count - 1) * in_slot;
  while (bell_of(channel) != bell + last_count - 1) /* the runner answers the last again */
    PAUSE();
  return 0;
}
