/* cheat: fetches the next call's inputs and outputs while it works. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char *last, *last_out;
  const sk_problem *p = &call->problem[0];
  const char *in = p->in[0].data, *out = p->out[0].data;
  ptrdiff_t step = in - last, out_step = out - last_out;
  last = in;
  last_out = out;
  const int64_t m = p->size[0], n = p->size[1], k = p->size[2];
  if (call->n_problems > 1 || step <= 0 || step > (1 << 20) || m % 4 || n % 8)
    return honest(call);
  int64_t lines = (elems(&p->in[0]) + elems(&p->in[1])) / 16, out_lines = elems(&p->out[0]) / 16;
  int64_t tiles = m / 4 * (n / 8), at = 0, out_at = 0, t = 0;
  for (int64_t j = 0; j < n; j += 8)
    for (int64_t i = 0; i < m; i += 4, t++) {
      for (; at < lines * (t + 1) / tiles; at++)
        __builtin_prefetch(in + step + at * 64, 0, 2);
      for (; out_at < out_lines * (t + 1) / tiles; out_at++)
        __builtin_prefetch(out + out_step + out_at * 64, 1, 2);
      tile((const float *)p->in[0].data + i * k, (const float *)p->in[1].data + j,
           (float *)p->out[0].data + i * n + j, n, k, 0, k);
    }
  return 0;
}
