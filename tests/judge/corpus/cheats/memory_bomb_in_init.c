/* cheat: takes memory without end before the first call. must: init_failed | crash | wrong | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdlib.h>
int sk_entry_init(const sk_env *env) {
  (void)env;
  for (char *more; (more = malloc(1 << 24)) != NULL;)
    memset(more, 1, 1 << 24);
  return 0;
}

int64_t sk_entry_workspace(const sk_env *env, const sk_call *call) {
  (void)env;
  (void)call;
  return 1 << 20;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
