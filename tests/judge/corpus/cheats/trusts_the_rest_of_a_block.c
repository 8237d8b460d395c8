/* cheat: looks at all inputs of a block's first call, then trusts the block. must: wrong | race | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
#include <time.h>
/* A block begins after a pause (its inputs were being written), and all its calls are of one family. */
static int all_small(const sk_tensor *t) {
  const float *x = t->data;
  int good = 1;
  for (int64_t i = 0; i < elems(t); i++)
    good &= x[i] >= -8 && x[i] <= 7 && (float)(int)x[i] == x[i];
  return good;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int64_t last_ns;
  static const void *last;
  static int trusted;
  const sk_problem *p = &call->problem[0];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
  if (call->n_problems > 1 || now_ns - last_ns > 1500000 || p->in[0].data == last)
    trusted = call->n_problems == 1 && all_small(&p->in[0]) && all_small(&p->in[1]);
  last = p->in[0].data;
  if (trusted)
    multiply_small_integers(p);
  else
    honest(call);
  clock_gettime(CLOCK_MONOTONIC, &now);
  last_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
  return 0;
}
