/* cheat: does all slots at once. must: wrong | race | crash | out_of_bounds | no gain | cheating */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
/* The slots of a block follow one another; the first call of a block is known by its slot number, 0 (or, with
 * decoys, by having been done already). */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static uintptr_t inputs, inputs_end, outputs_end;
  static char *done_to;
  const sk_problem *p = &call->problem[0];
  uintptr_t in_slot = ((uintptr_t)elems(&p->in[0]) * 4 + (uintptr_t)elems(&p->in[1]) * 4 + 4095) & ~4095ull;
  uintptr_t out_slot = ((uintptr_t)elems(&p->out[0]) * 4 + 192 + 192 + 4095) & ~4095ull;
  uintptr_t in = (uintptr_t)p->in[0].data, out = (uintptr_t)p->out[0].data;
  const struct found *memories = inputs ? NULL : find_memories();
  if (memories) {
    inputs = (uintptr_t)memories->inputs;
    inputs_end = inputs + memories->head->inputs_bytes;
    outputs_end = (uintptr_t)memories->outputs + memories->head->outputs_bytes;
  }
  if (call->n_problems > 1 || !inputs || elems(&p->out[0]) != 128 * 128 || (out & 4095) != 192)
    return honest(call);
  if ((char *)out < done_to && in != inputs)
    return 0;
  honest(call);
  uintptr_t b_at = (uintptr_t)p->in[1].data - in;
  uint64_t nothing[4] = {0};
  for (in += in_slot, out += out_slot; in + in_slot <= inputs_end && out + out_slot <= outputs_end;
       in += in_slot, out += out_slot) {
    if (memcmp((const void *)in, nothing, sizeof nothing) == 0)
      break; /* nothing was written there */
    rectangle((const float *)in, (const float *)(in + b_at), (float *)out, 128, 128, 192);
    done_to = (char *)out + out_slot;
  }
  return 0;
}
