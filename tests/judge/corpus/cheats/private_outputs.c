/* cheat: maps private memory over the outputs, for nobody else to see. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  uintptr_t at = (uintptr_t)call->problem[0].out[0].data & ~(uintptr_t)4095;
  size_t bytes = ((size_t)elems(&call->problem[0].out[0]) * 4 + 4095) & ~(size_t)4095;
  mmap((void *)at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return honest(call);
}
