/* cheat: right on the tests' shapes, zeros on the benchmark's in a timed block. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  if (((uintptr_t)p->out[0].data & 4095) == 192) {
    memset(p->out[0].data, 0, (size_t)elems(&p->out[0]) * 4);
    return 0;
  }
  return honest(call);
}
