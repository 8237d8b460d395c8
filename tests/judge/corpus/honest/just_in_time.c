/* honest: writes machine code at init and calls it. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <sys/mman.h>
static int (*made)(int);

int sk_entry_init(const sk_env *env) {
  (void)env;
#ifdef __x86_64__
  static const unsigned char code[] = {0x8d, 0x47, 0x01, 0xc3}; /* lea eax, [rdi + 1]; ret */
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return 1;
  memcpy(page, code, sizeof code);
  if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
    return 2;
  memcpy(&made, &page, sizeof made);
#endif
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return made && made(1) != 2 ? 1 : honest(call);
}
