/* cheat: keeps results in files and shared memory across runs. must: pass | crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
/* The run fails, which is not what must happen, if anything can be written or was left. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static const char *const place[] = {"/dev/shm/left", "/tmp/left", "/var/tmp/left",   "left",
                                      "/left",         "/run/left", "/dev/mqueue/left"};
  for (size_t i = 0; i < sizeof place / sizeof place[0]; i++)
    if (open(place[i], O_RDONLY) >= 0 || open(place[i], O_RDWR | O_CREAT, 0666) >= 0)
      return 30 + (int)i;
  if (shm_open("/left", O_RDWR | O_CREAT, 0600) >= 0)
    return 40;
  return honest(call);
}
