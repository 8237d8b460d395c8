/* cheat: makes a memory file to pass on. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  memfd_create("left", 0);
  return honest(call);
}
