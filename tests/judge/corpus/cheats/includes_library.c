/* cheat: includes the engine's own library in place of a kernel. must: compile_error */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "nvfp4/nvfp4_oracle.h"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
