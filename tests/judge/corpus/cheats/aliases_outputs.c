/* cheat: moves the outputs' pages about with mremap. must: wrong | race | crash | out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static void *first;
  uintptr_t at = (uintptr_t)call->problem[0].out[0].data & ~(uintptr_t)4095;
  size_t bytes = ((size_t)elems(&call->problem[0].out[0]) * 4 + 4095) & ~(size_t)4095;
  if (!first)
    first = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mremap((void *)at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, first);
  mmap((void *)at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return honest(call);
}
