/* cheat: starts processes without end. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (;;)
    fork();
  return honest(call);
}
