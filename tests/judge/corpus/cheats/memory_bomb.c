/* cheat: takes and touches memory without end. must: crash | timeout | out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdlib.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (;;) {
    char *more = malloc(1 << 24);
    if (!more)
      break;
    memset(more, 1, 1 << 24);
  }
  *(volatile int *)16 = 1;
  return honest(call);
}
