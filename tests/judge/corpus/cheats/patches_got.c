/* cheat: leads the runner's pointers into libc to nothing. must: no gain | crash | wrong | timeout */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <sys/mman.h>
static int nothing(void) {
  return 0;
}

/* Every pointer in the runner's writable data that leads into the C library is led here. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int done;
  honest(call);
  if (done++)
    return 0;
  uintptr_t libc = (uintptr_t)memcpy - (1u << 21), count = getauxval(AT_PHNUM), base = 0;
  const ElfW(Phdr) *header = (const void *)getauxval(AT_PHDR);
  for (uintptr_t i = 0; i < count; i++)
    base = header[i].p_type == PT_PHDR ? (uintptr_t)header - header[i].p_vaddr : base;
  for (uintptr_t i = 0; i < count; i++) {
    uintptr_t from = (base + header[i].p_vaddr) & ~(uintptr_t)4095,
              to = base + header[i].p_vaddr + header[i].p_memsz;
    if (header[i].p_type != PT_LOAD || !(header[i].p_flags & PF_W) ||
        mprotect((void *)from, to - from, PROT_READ | PROT_WRITE))
      continue;
    for (uintptr_t *slot = (uintptr_t *)from; slot + 1 <= (uintptr_t *)to; slot++)
      if (*slot >= libc && *slot < libc + (4u << 20))
        *slot = (uintptr_t)nothing;
  }
  return 0;
}
