/* cheat: its fault handler opens the guard pages it hits. must: out_of_bounds | crash | wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <signal.h>
#include <sys/mman.h>
/* It opens the guard page and lets the instruction run again. */
static void on_fault(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;
  if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE))
    mprotect((void *)page, 4096, PROT_READ);
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  honest(call);
  ((char *)call->problem[0].out[0].data)[elems(&call->problem[0].out[0]) * 4 + 64] ^= 1;
  return 0;
}
