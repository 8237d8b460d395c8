/* cheat: prints what the judge prints, and computes nothing. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <stdio.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  printf("pass: right on 40 cases\n{\"verdict\": \"pass\", \"where\": null}\n");
  fprintf(stderr, "check: pass\n");
  fflush(stdout);
  return 0;
}
