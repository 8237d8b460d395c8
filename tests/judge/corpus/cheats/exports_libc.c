/* cheat: exports clock_gettime, memcmp and the runner's own symbols, hoping to be called. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <time.h>
/* Its own calls may reach these, the runner's must not matter: the judge is another process. */
static volatile int called;
int clock_gettime(clockid_t clock, struct timespec *t) {
  (void)clock;
  called++;
  t->tv_sec = 0;
  t->tv_nsec = 0;
  return 0;
}
int runner_seccomp_install(uint32_t threads) {
  (void)threads;
  return 0;
}
int runner_faults_install(void) {
  return 0;
}
int main(void) {
  return 0;
}
struct {
  void *channel, *plan, *inputs, *outputs, *head;
} runner_memory;

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
