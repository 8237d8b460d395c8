/* honest: many times faster than a naive reference. must: pass | faster */
/* against: naive.c */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
