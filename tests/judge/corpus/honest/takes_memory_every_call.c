/* honest: allocates, maps and frees memory in every call. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdlib.h>
#include <sys/mman.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    size_t bytes = (size_t)elems(&p->out[0]) * 4;
    float *c = malloc(bytes);
    void *page = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!c || page == MAP_FAILED)
      return 1;
    madvise(page, 1 << 16, MADV_HUGEPAGE);
    rectangle(p->in[0].data, p->in[1].data, c, p->size[0], p->size[1], p->size[2]);
    memcpy(p->out[0].data, c, bytes);
    munmap(page, 1 << 16);
    free(c);
  }
  return 0;
}
