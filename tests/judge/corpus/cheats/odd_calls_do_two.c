/* cheat: odd calls do the next call's work too. must: wrong | race | crash | out_of_bounds | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
/* Where the next call's tensors will lie is seen from the last two calls. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char *last_in, *last_out, *promised;
  static int calls;
  const sk_problem *p = &call->problem[0];
  char *in = p->in[0].data, *out = p->out[0].data;
  ptrdiff_t in_step = in - last_in, out_step = out - last_out;
  last_in = in;
  last_out = out;
  calls++;
  if (promised == out && call->n_problems == 1)
    return promised = NULL, 0;
  honest(call);
  if (call->n_problems == 1 && in_step > 0 && out_step > 0 && in_step < (1 << 20) && calls % 8 < 6) {
    rectangle((const float *)(in + in_step), (const float *)((char *)p->in[1].data + in_step),
              (float *)(out + out_step), p->size[0], p->size[1], p->size[2]);
    promised = out + out_step;
  }
  return 0;
}
