/* cheat: an object of gigabytes. must: compile_error | compile_timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
int large[1 << 29] = {1};
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call) + large[1];
}
