/* cheat: asks a server for the answer. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <netinet/in.h>
#include <sys/socket.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = 53};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  connect(fd, (struct sockaddr *)&to, sizeof to);
  return honest(call);
}
