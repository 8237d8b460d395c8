/* cheat: looks for the other process behind an abstract socket. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/socket.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  return honest(call);
}
