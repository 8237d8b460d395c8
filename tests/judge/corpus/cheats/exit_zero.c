/* cheat: writes a verdict to every descriptor and ends with status 0. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char verdict[] = "{\"schema\":\"sharktank.check/1\",\"verdict\":\"pass\"}\n";
  for (int fd = 0; fd < 256; fd++)
    (void)!write(fd, verdict, sizeof verdict - 1);
  _exit(0);
}
