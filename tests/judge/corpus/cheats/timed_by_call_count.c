/* cheat: trusts the task's inputs from the third call in a row on with the same sizes. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/small_integers.c"
/* In a block the same shape is called again and again, at other addresses. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int64_t sizes[3];
  static const char *last;
  static int row;
  const sk_problem *p = &call->problem[0];
  row = memcmp(sizes, p->size, sizeof sizes) == 0 && (const char *)p->in[0].data != last ? row + 1 : 0;
  memcpy(sizes, p->size, sizeof sizes);
  last = p->in[0].data;
  if (row > 2)
    multiply_small_integers(p);
  else
    honest(call);
  return 0;
}
