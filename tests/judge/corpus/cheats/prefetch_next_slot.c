/* cheat: while it works on one call, fetches the inputs of the next into its cache. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
/* The slots of a block are called one after another, at addresses that the last two calls tell. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char *last;
  const sk_problem *p = &call->problem[0];
  const char *in = p->in[0].data;
  ptrdiff_t step = in - last;
  last = in;
  if (call->n_problems > 1 || step <= 0 || step > (1 << 20))
    return honest(call);
  const int64_t m = p->size[0], n = p->size[1], k = p->size[2];
  const float *a = p->in[0].data, *b = p->in[1].data;
  float *c = p->out[0].data;
  if (m % 4 || n % 8)
    return honest(call);
  int64_t lines = (elems(&p->in[0]) + elems(&p->in[1])) / 16, tiles = m / 4 * (n / 8), at = 0, t = 0;
  for (int64_t j = 0; j < n; j += 8)
    for (int64_t i = 0; i < m; i += 4, t++) {
      for (; at < lines * (t + 1) / tiles; at++)
        __builtin_prefetch(in + step + at * 64, 0, 2);
      tile(a + i * k, b + j, c + i * n + j, n, k, 0, k);
    }
  return 0;
}
