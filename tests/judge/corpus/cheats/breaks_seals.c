/* cheat: tries every way to write the inputs and the plan. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
/* The run fails, which is not what must happen, if one of them works. */
static int attack(const void *memory, uint64_t bytes) {
  uintptr_t at = (uintptr_t)memory, end = at + bytes;
  char path[96];
  int done = 0;
  done |= mprotect((void *)at, 4096, PROT_READ | PROT_WRITE) == 0;
  done |= madvise((void *)at, 4096, MADV_REMOVE) == 0 ? 2 : 0;
  void *moved = mremap((void *)at, 0, 4096, MREMAP_MAYMOVE); /* a second mapping of the same pages */
  if (moved != MAP_FAILED) {
    done |= mprotect(moved, 4096, PROT_READ | PROT_WRITE) == 0 ? 4 : 0;
    munmap(moved, 4096);
  }
  snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)at, (unsigned long)end);
  done |= open(path, O_RDWR) >= 0 || open(path, O_RDONLY) >= 0 ? 8 : 0;
  done |= open("/proc/self/mem", O_RDWR) >= 0 || open("/proc/self/mem", O_WRONLY) >= 0 ? 16 : 0;
  for (int fd = 3; fd < 64; fd++)
    done |= ftruncate(fd, 0) == 0 || pwrite(fd, "x", 1, 0) == 1 ? 32 : 0;
  return done;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const struct found *m = find_memories();
  int done = m ? attack(m->inputs, m->head->inputs_bytes) | attack(m->plan, m->head->plan_bytes) : 1;
  return done ? 1000 + done : honest(call);
}
