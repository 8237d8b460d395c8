/* cheat: copies the output of the slot before. must: wrong | race | crash | out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char *last, *before;
  char *out = call->problem[0].out[0].data;
  if (last && before && out - last == last - before && call->n_problems == 1) {
    memcpy(out, last, (size_t)elems(&call->problem[0].out[0]) * 4);
  } else {
    honest(call);
  }
  before = last;
  last = out;
  return 0;
}
