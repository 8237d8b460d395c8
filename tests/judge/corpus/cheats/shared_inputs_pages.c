/* cheat: advises the kernel about the inputs' pages, which the other side maps too. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
/* Once a block, at its first call: whatever makes the pages slower for whoever comes next. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static uintptr_t last;
  const struct found *memories = find_memories();
  uintptr_t here = (uintptr_t)call->problem[0].in[0].data;
  if (memories && here <= last) {
    madvise(memories->inputs, memories->head->inputs_bytes, MADV_COLD);
    madvise(memories->inputs, memories->head->inputs_bytes, MADV_PAGEOUT);
  }
  last = here;
  return honest(call);
}
