/* honest: keeps scratch in its workspace and in statics from call to call. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdlib.h>
static float *kept;
static size_t kept_elems;

int64_t sk_entry_workspace(const sk_env *env, const sk_call *shape) {
  (void)env;
  return shape->problem[0].size[1] * 64;
}

/* Packs eight columns at a time. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    int64_t m = p->size[0], n = p->size[1], k = p->size[2];
    if ((size_t)(k * 8) > kept_elems) {
      kept_elems = (size_t)(k * 8);
      kept = realloc(kept, kept_elems * sizeof *kept);
    }
    if (call->workspace_bytes)
      ((char *)call->workspace)[call->workspace_bytes - 1]++;
    if (!kept || m % 4 || n % 8) {
      multiply(p);
      continue;
    }
    for (int64_t j = 0; j < n; j += 8) {
      for (int64_t q = 0; q < k; q++)
        memcpy(kept + q * 8, (const float *)p->in[1].data + q * n + j, 32);
      float strip[4][8];
      for (int64_t i = 0; i < m; i += 4) {
        tile((const float *)p->in[0].data + i * k, kept, strip[0], 8, k, 0, k);
        for (int r = 0; r < 4; r++)
          memcpy((float *)p->out[0].data + (i + r) * n + j, strip[r], 32);
      }
    }
  }
  return 0;
}
