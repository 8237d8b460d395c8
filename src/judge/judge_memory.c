/* Room: judge. May use base. Shared memories (memfds) and the core that the judge clocks from. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "judge/judge_internal.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

enum status judge_memory_create(const char *name, uint64_t bytes, enum judge_seal seal,
                                struct judge_memory_map *out, struct error *e) {
  *out = (struct judge_memory_map){.fd = -1};
  bytes = (bytes + JUDGE_PAGE_BYTES - 1) / JUDGE_PAGE_BYTES * JUDGE_PAGE_BYTES;
  if (bytes == 0)
    bytes = JUDGE_PAGE_BYTES;
  out->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (out->fd < 0)
    return error_errno(e, errno, "making shared memory for", name);
  if (ftruncate(out->fd, (off_t)bytes) == 0) {
    out->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out->fd, 0);
    if (out->data == MAP_FAILED)
      out->data = NULL;
  }
  out->bytes = bytes;
  int seals =
      F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (seal == JUDGE_SEAL_READ_ONLY ? F_SEAL_FUTURE_WRITE : 0);
  if (!out->data || fcntl(out->fd, F_ADD_SEALS, seals)) {
    int errnum = errno;
    judge_memory_free(out);
    return error_set(e, errnum == ENOSPC ? ST_FULL : ST_MEMORY, "no shared memory of %llu bytes for %s: %s",
                     (unsigned long long)bytes, name, strerror(errnum));
  }
  return ST_OK;
}

void judge_memory_free(struct judge_memory_map *m) {
  if (m->data)
    munmap(m->data, m->bytes);
  if (m->fd >= 0)
    close(m->fd);
  *m = (struct judge_memory_map){.fd = -1};
}

/* The scheduler weighs sessions before it weighs the programs in them, so nice alone does not reach
 * beyond a session. Only root may raise either; for others this does nothing. */
static void set_session_nice(pid_t pid, int nice) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/autogroup", (int)pid);
  FILE *f = fopen(path, "we");
  if (!f)
    return;
  fprintf(f, "%d", nice);
  fclose(f);
}

void judge_raise_priority(pid_t pid) {
  (void)setpriority(PRIO_PROCESS, (id_t)pid, JUDGE_NICE);
  set_session_nice(pid, JUDGE_NICE);
}

void judge_pin_take(const struct judge *j, struct judge_pin *p) {
  p->held = 0;
  cpu_set_t one;
  if (j->judge_cpu < 0 || sched_getaffinity(0, sizeof(cpu_set_t), &p->mask))
    return;
  CPU_ZERO(&one);
  CPU_SET((unsigned)j->judge_cpu, &one);
  p->held = sched_setaffinity(0, sizeof one, &one) == 0;
  p->nice = getpriority(PRIO_PROCESS, 0);
  (void)setpriority(PRIO_PROCESS, 0, JUDGE_NICE); /* for the core that the clock is read on */
}

void judge_pin_release(struct judge_pin *p) {
  if (p->held)
    (void)(sched_setaffinity(0, sizeof(cpu_set_t), &p->mask) | setpriority(PRIO_PROCESS, 0, p->nice));
  p->held = 0;
}
