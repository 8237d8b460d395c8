/* Room: agent. Running an agent command: this process reads and keeps the time; agent_supervise.c holds what
 * the forked processes do. */
#include "agent/agent_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent_supervise.h"
#include "base/base_clock.h"

enum { ERR_KEPT = 4096, SLICE_MS = 100, END_LIMIT_MS = 10000 };
#define MS INT64_C(1000000)

void agent_process_result_fini(struct agent_process_result *r) {
  buffer_fini(&r->out);
  buffer_fini(&r->err);
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void keep_tail(struct buffer *b) {
  if (b->bytes <= ERR_KEPT * 2)
    return;
  memmove(b->data, b->data + b->bytes - ERR_KEPT, ERR_KEPT);
  b->bytes = ERR_KEPT;
  b->data[b->bytes] = 0;
}

/* Takes what is there; closes the descriptor at its end. */
static void drain(int *fd, struct buffer *to, size_t most, int tail) {
  char chunk[16384];
  for (int turn = 0; *fd >= 0 && turn < 64; turn++) {
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 && errno == EAGAIN)
      return;
    if (got <= 0) {
      close_fd(fd);
      return;
    }
    if (tail || to->bytes <= most) /* one chunk beyond the limit tells that there was more */
      buffer_add(to, chunk, (size_t)got);
    if (tail)
      keep_tail(to);
  }
}

static int make_pipes(struct agent_pipes *p) {
  int *pair[] = {p->out, p->err, p->report, p->hold};
  for (size_t i = 0; i < 4; i++)
    pair[i][0] = pair[i][1] = -1;
  for (size_t i = 0; i < 4; i++)
    if (pipe2(pair[i], O_CLOEXEC))
      return -1;
  fcntl(p->out[0], F_SETFL, O_NONBLOCK);
  fcntl(p->err[0], F_SETFL, O_NONBLOCK);
  return 0;
}

static void close_pipes(struct agent_pipes *p) {
  int *pair[] = {p->out, p->err, p->report, p->hold};
  for (size_t i = 0; i < 4; i++) {
    close_fd(&pair[i][0]);
    close_fd(&pair[i][1]);
  }
}

/* Why it has to end now; ENDED: it need not. */
static enum agent_process_end judge(const struct agent_process *p, const struct agent_process_result *r) {
  if (p->cancelled && p->cancelled(p->context))
    return AGENT_PROCESS_CANCELLED;
  if (r->out.bytes > p->max_bytes)
    return AGENT_PROCESS_LOUD;
  return clock_mono_ns() >= p->deadline_ns ? AGENT_PROCESS_LATE : AGENT_PROCESS_ENDED;
}

static void read_report(int fd, struct agent_process_result *r) {
  struct agent_report report;
  ssize_t got;
  do
    got = read(fd, &report, sizeof report);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)sizeof report) {
    if (r->end == AGENT_PROCESS_ENDED)
      r->end = AGENT_PROCESS_LOST;
  } else if (report.start_errno) {
    r->end = AGENT_PROCESS_UNBORN;
    buffer_clear(&r->err);
    buffer_text(&r->err, strerror(report.start_errno));
  } else {
    r->wait_status = report.wait_status;
  }
}

static void watch(const struct agent_process *p, struct agent_pipes *pipes, struct agent_process_result *r) {
  int64_t give_up_ns = 0;
  for (;;) {
    struct pollfd fd[3] = {{.fd = pipes->report[0], .events = POLLIN},
                           {.fd = pipes->out[0], .events = POLLIN},
                           {.fd = pipes->err[0], .events = POLLIN}};
    int64_t left_ms = (p->deadline_ns - clock_mono_ns()) / MS + 1;
    poll(fd, 3, give_up_ns || left_ms > SLICE_MS || left_ms < 1 ? SLICE_MS : (int)left_ms);
    drain(&pipes->out[0], &r->out, p->max_bytes, 0);
    drain(&pipes->err[0], &r->err, 0, 1);
    if (fd[0].revents)
      break;
    if (give_up_ns && clock_mono_ns() > give_up_ns)
      break;
    if (give_up_ns || (r->end = judge(p, r)) == AGENT_PROCESS_ENDED)
      continue;
    close_fd(&pipes->hold[1]); /* the supervisor sees that and ends the tree */
    give_up_ns = clock_mono_ns() + END_LIMIT_MS * MS;
  }
  /* The tree is gone, but its last words may still be in the pipes. */
  drain(&pipes->out[0], &r->out, p->max_bytes, 0);
  drain(&pipes->err[0], &r->err, 0, 1);
  if (r->end == AGENT_PROCESS_ENDED && r->out.bytes > p->max_bytes)
    r->end = AGENT_PROCESS_LOUD;
}

enum status agent_process_run(const struct agent_process *p, struct agent_process_result *r,
                              struct error *e) {
  *r = (struct agent_process_result){.end = AGENT_PROCESS_ENDED};
  buffer_init(&r->out);
  buffer_init(&r->err);
  struct agent_pipes pipes;
  int made = make_pipes(&pipes), input = open(p->input, O_RDONLY | O_CLOEXEC), errnum = errno;
  if (made || input < 0) {
    close_pipes(&pipes);
    close_fd(&input);
    return error_errno(e, errnum, "preparing to run", p->path);
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before); /* no handler of the engine's may run in the child */
  pid_t pid = fork();
  if (pid == 0)
    agent_supervise(p, &pipes, input);
  errnum = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close_fd(&input);
  close_fd(&pipes.out[1]);
  close_fd(&pipes.err[1]);
  close_fd(&pipes.report[1]);
  close_fd(&pipes.hold[0]);
  if (pid < 0) {
    close_pipes(&pipes);
    return error_errno(e, errnum, "starting a process for", p->path);
  }
  watch(p, &pipes, r);
  struct pollfd last = {.fd = pipes.report[0], .events = POLLIN};
  if (poll(&last, 1, 0) > 0)
    read_report(pipes.report[0], r);
  else
    kill(pid, SIGKILL); /* it should have ended long ago */
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    ;
  close_pipes(&pipes);
  if (buffer_failed(&r->out) || buffer_failed(&r->err))
    return error_set(e, ST_MEMORY, "out of memory while reading what %s printed", p->path);
  return ST_OK;
}
