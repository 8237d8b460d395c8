/* cheat: gives its core away again and again, hoping that only its own time counts. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sched.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (int i = 0; i < 50; i++)
    sched_yield();
  return honest(call);
}
