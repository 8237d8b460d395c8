/* cheat: crashes, and forges the notes that its handlers leave about it. must: crash | out_of_bounds */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <signal.h>
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  struct judge_channel *channel = find_channel();
  signal(SIGSEGV, SIG_DFL);
  if (channel) {
    memset((char *)channel + 256, 0xff, JUDGE_CHANNEL_BYTES - 256);
    atomic_store(&channel->signal_number, SIGSEGV);
    atomic_store(&channel->fault_memory, JUDGE_MEM_OUTPUTS);
  }
  *(volatile int *)16 = 1;
  return honest(call);
}
