/* cheat: does nothing when the output looks poisoned or written. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  const float *c = p->out[0].data;
  uint32_t first, second;
  memcpy(&first, c, 4);
  memcpy(&second, c + (elems(&p->out[0]) > 1), 4);
  if (c[0] != c[0] || first == 0xdeadbeef || first == 0xcdcdcdcd || first == 0xffffffff ||
      (first == second && elems(&p->out[0]) > 1))
    return 0;
  return honest(call);
}
