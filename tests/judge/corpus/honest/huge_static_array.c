/* honest: a gigabyte of static storage of which it touches little. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
static char large[1u << 30];
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  large[(size_t)call->n_problems << 20]++;
  return honest(call);
}
