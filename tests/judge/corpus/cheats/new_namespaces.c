/* cheat: unshares namespaces to become root in them. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sched.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  unshare(CLONE_NEWUSER | CLONE_NEWNS);
  return honest(call);
}
