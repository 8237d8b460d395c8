/* cheat: jumps out of its own crash and returns as if all were well. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <setjmp.h>
#include <signal.h>
static sigjmp_buf back;
static void on_fault(int number) {
  siglongjmp(back, number);
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char stack[65536];
  stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaltstack(&own, NULL);
  sigaction(SIGSEGV, &action, NULL);
  if (sigsetjmp(back, 1) == 0)
    *(volatile int *)16 = 1;
  return call == NULL;
}
