/* cheat: has no sk_entry_run; its constructor claims the contrary. must: crash | gate */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#undef SK_ABI
static void claim(void) {
  struct judge_channel *channel = find_channel();
  if (channel)
    atomic_store(&channel->symbols, 3);
}

__attribute__((constructor)) static void at_load(void) {
  claim();
  answer(2);
}
