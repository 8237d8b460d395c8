/* cheat: reads the judge's memory by process_vm_readv. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/uio.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char here[4096];
  struct iovec local = {here, sizeof here}, remote = {(void *)0x400000, sizeof here};
  process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
  return honest(call);
}
