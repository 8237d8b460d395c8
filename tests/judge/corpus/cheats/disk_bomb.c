/* cheat: fills every file that it can make. must: pass | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <fcntl.h>
#include <unistd.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static char zeros[1 << 16];
  static const char *const place[] = {"/tmp/bomb", "/dev/shm/bomb", "bomb"};
  for (size_t i = 0; i < 3; i++) {
    int fd = open(place[i], O_WRONLY | O_CREAT, 0600);
    for (int n = 0; fd >= 0 && n < 100000; n++)
      if (write(fd, zeros, sizeof zeros) < 0)
        break;
    if (fd >= 0)
      return 60;
  }
  return honest(call);
}
