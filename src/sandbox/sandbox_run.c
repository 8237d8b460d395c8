/* Room: sandbox. May use base. Running a program to its end, with a time-out, keeping its output. */
#include "sandbox/sandbox_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_launch.h"

/* Takes what is there; 0 = the writing side is closed. Beyond the limit bytes are read and dropped, so
 * that a talkative program ends by itself. */
static int drain(int fd, size_t out_limit, size_t *kept, struct buffer *output,
                 struct sandbox_result *result) {
  char chunk[16384];
  for (int turn = 0; turn < 64; turn++) { /* a writer faster than we are may not keep us from the clock */
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return errno == EAGAIN;
    if (got == 0)
      return 0;
    size_t room = out_limit - *kept, take = (size_t)got < room ? (size_t)got : room;
    if (output && take)
      buffer_add(output, chunk, take);
    *kept += take;
    if (take < (size_t)got)
      result->truncated = 1;
  }
  return 1;
}

enum { LOOK_MS = 100 };

static void wait_and_read(struct sandbox_process *p, const struct sandbox_spec *spec, int fd,
                          int64_t deadline_ns, size_t out_limit, struct buffer *output,
                          struct sandbox_result *result) {
  int open_pipe = 1;
  size_t kept = 0;
  int64_t looked_ns = clock_mono_ns(), limit_bytes = (int64_t)sandbox_tree_limit(spec);
  for (;;) {
    int64_t now_ns = clock_mono_ns(), left_ns = deadline_ns - now_ns;
    if (!p->cgroup[0] && now_ns - looked_ns > LOOK_MS * INT64_C(1000000)) {
      looked_ns = now_ns;
      if (sandbox_tree_bytes(p) > limit_bytes) {
        result->too_large = 1;
        sandbox_end(p);
      }
    }
    if (left_ns <= 0) {
      result->timed_out = 1;
      sandbox_end(p);
    }
    int ended = sandbox_poll(p, NULL);
    if (open_pipe)
      open_pipe = drain(fd, out_limit, &kept, output, result);
    if (ended)
      return;
    struct pollfd watch[2] = {{.fd = p->pidfd, .events = POLLIN},
                              {.fd = open_pipe ? fd : -1, .events = POLLIN}};
    int wait_ms = left_ns / 1000000 > LOOK_MS ? LOOK_MS : (int)(left_ns / 1000000) + 1;
    poll(watch, 2, wait_ms);
  }
}

static enum status run_started(struct sandbox_process *p, const struct sandbox_spec *spec, int fd,
                               int64_t timeout_ns, size_t out_limit, struct buffer *output,
                               struct sandbox_result *result, struct error *e) {
  int64_t start_ns = clock_mono_ns();
  wait_and_read(p, spec, fd, start_ns + timeout_ns, out_limit, output, result);
  result->wall_ns = clock_mono_ns() - start_ns;
  int status = 0;
  sandbox_poll(p, &status);
  result->too_large |= p->cgroup[0] && sandbox_cgroup_ran_out(p->cgroup);
  sandbox_end(p);
  if (output && buffer_failed(output))
    return error_set(e, ST_MEMORY, "out of memory while reading what %s printed", spec->argv[0]);
  if (p->setup_failed && !result->timed_out && !result->too_large)
    return error_set(e, ST_SANDBOX, "the sandbox for %s could not be set up: %.500s", spec->argv[0],
                     output && output->bytes ? buffer_str(output) : "bubblewrap gave no reason");
  result->exited = WIFEXITED(status);
  result->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  result->signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return ST_OK;
}

enum status sandbox_run(const struct sandbox_spec *spec, int64_t timeout_ns, size_t out_limit,
                        struct buffer *output, struct sandbox_result *result, struct error *e) {
  *result = (struct sandbox_result){0};
  int pipe_fd[2];
  if (pipe2(pipe_fd, O_CLOEXEC))
    return error_errno(e, errno, "making a pipe for", spec->argv[0]);
  fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
  struct sandbox_spec own = *spec;
  own.out_fd = own.err_fd = pipe_fd[1];
  struct sandbox_process process;
  enum status s = sandbox_start(&own, &process, e);
  close(pipe_fd[1]);
  if (!s)
    s = run_started(&process, spec, pipe_fd[0], timeout_ns, out_limit, output, result, e);
  close(pipe_fd[0]);
  return s;
}
