/* cheat: asks every timer of the kernel for a SIGCONT while it is stopped. must: pass | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static int made;

int sk_entry_init(const sk_env *env) {
  (void)env;
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
  struct itimerspec soon = {{0, 1000000}, {0, 1000000}};
  struct itimerval often = {{0, 1000}, {0, 1000}};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
    made |= timer_settime(timer, 0, &soon, NULL) == 0;
  made |= setitimer(ITIMER_REAL, &often, NULL) == 0;
  made |= prctl(PR_SET_PDEATHSIG, SIGCONT) == 0;
  made |= fcntl(0, F_SETSIG, SIGCONT) == 0;
  made |= syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGCONT) == 0;
  made |= syscall(SYS_rt_sigqueueinfo, getpid(), SIGCONT, NULL) == 0;
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return made ? 9 : honest(call);
}
