/* cheat: one element is wrong in one call of thirty-two, as a race would do it. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct timespec now;
  honest(call);
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (((uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u) >> 59 == 0)
    ((float *)call->problem[0].out[0].data)[0] += 1;
  return 0;
}
