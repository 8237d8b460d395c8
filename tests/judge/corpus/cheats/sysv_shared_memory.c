/* cheat: makes a System V segment that outlives the process. must: crash */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/shm.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  shmget(0x5a5a, 1 << 20, IPC_CREAT | 0666);
  return honest(call);
}
