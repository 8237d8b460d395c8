/* cheat: becomes another program. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  execl("/bin/true", "true", (char *)0);
  return honest(call);
}
