/* cheat: patches the clock in the vdso. must: pass | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int done;
  uintptr_t at = done++ ? 0 : getauxval(AT_SYSINFO_EHDR);
  if (at && mprotect((void *)at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0)
    memset((void *)(at + 0x800), 0xc3, 4096 - 0x800);
  return honest(call);
}
