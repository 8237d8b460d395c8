/* cheat: collapses the shared inputs into large pages, unmapping the other side. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
int sk_entry_init(const sk_env *env) {
  (void)env;
  const struct found *memories = find_memories();
  if (memories) {
    madvise(memories->inputs, memories->head->inputs_bytes, MADV_HUGEPAGE);
    madvise(memories->inputs, memories->head->inputs_bytes, MADV_COLLAPSE);
  }
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
