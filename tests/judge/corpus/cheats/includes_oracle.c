/* cheat: includes the problem module, reference and all. must: compile_error */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "@CHALLENGE@/problem.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
