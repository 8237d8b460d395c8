/* Room: challenge. May use base and sandbox.
 *
 * The life of a helper process and its conversation. Whatever goes wrong on the other side (it
 * crashes, hangs, answers nonsense) ends it at once; the sentence is kept and given to every later
 * call, so that one hostile module fails the same way everywhere. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "challenge/challenge_helper_private.h"
#include "challenge/challenge_install.h"
#include "challenge/challenge_load.h"

static const int64_t HELPER_TIMEOUT_NS = (int64_t)120 * 1000000000;
static const uint64_t HELPER_MOST_BYTES = (uint64_t)64 << 30;

/* Address space of a module, which maps the pool and the references: what this machine has, so that a
 * hostile one is refused memory before the machine is out of it. */
static uint64_t helper_memory_bytes(void) {
  uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  return ram > HELPER_MOST_BYTES ? HELPER_MOST_BYTES : ram;
}

enum status challenge_module_bad(const struct challenge *c, struct error *e, const char *format, ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return error_at(e, ST_INPUT, c->problem_path, 0, "the problem module of %s %s", c->name, text);
}

enum status challenge_memory_open(struct challenge_memory *m, const char *name, struct error *e) {
  m->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (m->fd < 0)
    return error_errno(e, errno, "cannot create memory for", name);
  /* The other side may not take back what we have mapped, nor keep us from growing it. */
  if (fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    return error_errno(e, errno, "cannot seal memory for", name);
  return ST_OK;
}

enum status challenge_memory_grow(struct challenge_memory *m, uint64_t bytes, struct error *e) {
  if (bytes <= m->bytes)
    return ST_OK;
  bytes = (bytes + ((uint64_t)2 << 20) - 1) & ~(((uint64_t)2 << 20) - 1);
  if (m->map)
    munmap(m->map, m->bytes);
  m->map = NULL;
  m->bytes = 0;
  off_t now = lseek(m->fd, 0, SEEK_END); /* the helper may have grown it; it cannot shrink */
  if ((uint64_t)now < bytes && ftruncate(m->fd, (off_t)bytes) != 0)
    return error_set(e, ST_MEMORY, "no memory for %llu MiB of inputs and references",
                     (unsigned long long)(bytes >> 20));
  void *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, m->fd, 0);
  if (p == MAP_FAILED)
    return error_set(e, ST_MEMORY, "no memory for %llu MiB of inputs and references",
                     (unsigned long long)(bytes >> 20));
  m->map = p;
  m->bytes = bytes;
  return ST_OK;
}

void challenge_memory_close(struct challenge_memory *m) {
  if (m->map)
    munmap(m->map, m->bytes);
  if (m->fd >= 0)
    close(m->fd);
  m->map = NULL;
  m->fd = -1;
}

/* Ends the helper for good and keeps the reason. */
static enum status helper_end(struct challenge_helper *h, enum status s, struct error *e, const char *format,
                              ...) PRINTF_LIKE(4, 5);
static enum status helper_end(struct challenge_helper *h, enum status s, struct error *e, const char *format,
                              ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  error_at(&h->ended, s, h->c->problem_path, 0, "the problem module of %s %s", h->c->name, text);
  if (h->started)
    sandbox_end(&h->process);
  h->started = 0;
  if (h->socket >= 0)
    close(h->socket);
  h->socket = -1;
  if (e)
    *e = h->ended;
  return s;
}

/* The socket closed: how did it end? It may take a moment until the status is there. */
static enum status helper_gone(struct challenge_helper *h, const char *doing, struct error *e) {
  int status = 0, known = 0;
  struct pollfd p = {.fd = h->process.pidfd, .events = POLLIN};
  if (poll(&p, 1, 2000) > 0)
    known = sandbox_poll(&h->process, &status);
  if (known && h->process.setup_failed)
    return helper_end(h, ST_SANDBOX, e, "could not be started in the sandbox; `sharktank doctor` says why");
  if (known && WIFSIGNALED(status))
    return helper_end(h, ST_INPUT, e, "crashed with signal %d (%s) while %s", WTERMSIG(status),
                      strsignal(WTERMSIG(status)), doing);
  if (known && WIFEXITED(status))
    return helper_end(h, ST_INPUT, e, "ended with exit status %d while %s", WEXITSTATUS(status), doing);
  return helper_end(h, ST_INPUT, e, "closed its connection while %s", doing);
}

/* Text from the other side, made fit to be shown. */
static void helper_clean(const char *text, size_t bytes, char out[WIRE_TEXT_BYTES]) {
  size_t i = 0;
  for (; i + 1 < WIRE_TEXT_BYTES && i < bytes && text[i]; i++)
    out[i] = (char)((unsigned char)text[i] >= 32 && (unsigned char)text[i] < 127 ? text[i] : '?');
  out[i] = 0;
}

static enum status helper_receive(struct challenge_helper *h, enum wire_op op, const char *doing,
                                  struct wire_answer *a, struct error *e) {
  int64_t deadline = clock_mono_ns() + h->timeout_ns;
  struct pollfd p[2] = {{.fd = h->socket, .events = POLLIN}, {.fd = h->process.pidfd, .events = POLLIN}};
  for (;;) {
    int64_t left_ms = (deadline - clock_mono_ns() + 999999) / 1000000;
    int ready = poll(p, 2, left_ms > 0 ? (int)(left_ms < 1000000 ? left_ms : 1000000) : 0);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready < 0)
      return helper_end(h, ST_IO, e, "cannot be waited for: %s", strerror(errno));
    if (ready == 0 && left_ms <= 0)
      return helper_end(h, ST_TIMEOUT, e, "gave no answer within %.3g s while %s, and was ended",
                        (double)h->timeout_ns * 1e-9, doing);
    if (ready > 0)
      break;
  }
  char text[WIRE_TEXT_BYTES];
  ssize_t n = recv(h->socket, a, sizeof *a, MSG_DONTWAIT);
  if (n <= 0)
    return helper_gone(h, doing, e);
  if (n != (ssize_t)sizeof *a || a->magic != WIRE_MAGIC || a->op != (uint32_t)op)
    return helper_end(h, ST_INPUT, e, "answered nonsense while %s", doing);
  helper_clean(a->text, sizeof a->text, text);
  memcpy(a->text, text, sizeof text);
  return ST_OK;
}

enum status challenge_ask(struct challenge_helper *h, struct wire_request *q, const char *doing,
                          struct wire_answer *a, struct error *e) {
  memset(a, 0, sizeof *a);
  if (h->ended.status != ST_OK) {
    if (e)
      *e = h->ended;
    return h->ended.status;
  }
  q->magic = WIRE_MAGIC;
  q->pool_bytes = h->pool.bytes;
  q->reference_bytes = h->reference.bytes;
  if (send(h->socket, q, sizeof *q, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *q)
    return helper_gone(h, doing, e);
  enum status s = helper_receive(h, (enum wire_op)q->op, doing, a, e);
  if (s != ST_OK)
    return s;
  if (a->result != 0)
    return challenge_module_bad(h->c, e, "failed while %s: %s", doing, a->text);
  return ST_OK;
}

enum status challenge_ask_case(struct challenge_helper *h, uint32_t n_problems, uint32_t n_sizes,
                               const int64_t *sizes, enum wire_op op, struct wire_request *q,
                               struct error *e) {
  const struct challenge *c = h->c;
  if (n_problems < 1 || n_problems > WIRE_MAX_PROBLEMS || n_sizes != c->n_sizes ||
      c->n_sizes > WIRE_MAX_SIZES)
    return error_set(e, ST_RANGE, "a shape of %s has between 1 and %d groups of %zu sizes", c->name,
                     (int)WIRE_MAX_PROBLEMS, c->n_sizes);
  memcpy(h->control->sizes, sizes, (size_t)n_problems * n_sizes * sizeof *sizes);
  memset(q, 0, sizeof *q);
  q->op = (uint32_t)op;
  q->n_problems = n_problems;
  q->n_sizes = n_sizes;
  q->n_in = (uint32_t)c->n_in;
  q->n_out = (uint32_t)c->n_out;
  return ST_OK;
}

static enum status helper_memory(struct challenge_helper *h, struct error *e) {
  enum status s = challenge_memory_open(&h->pool, "sharktank-pool", e);
  if (s == ST_OK)
    s = challenge_memory_open(&h->reference, "sharktank-reference", e);
  if (s != ST_OK)
    return s;
  h->control_fd = memfd_create("sharktank-control", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (h->control_fd < 0 || ftruncate(h->control_fd, sizeof *h->control) != 0 ||
      fcntl(h->control_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return error_errno(e, errno, "cannot create memory for", "a problem module");
  void *p = mmap(NULL, sizeof *h->control, PROT_READ | PROT_WRITE, MAP_SHARED, h->control_fd, 0);
  if (p == MAP_FAILED)
    return error_errno(e, errno, "cannot map memory for", "a problem module");
  h->control = p;
  return ST_OK;
}

static enum status helper_start(struct challenge_helper *h, int module, struct error *e) {
  static const char *const env[] = {"LC_ALL=C", NULL};
  char dir[PATH_MAX - 32], program[PATH_MAX], confine[PATH_MAX];
  int pair[2];
  enum status s = challenge_install_path(CHALLENGE_INSTALL_LIBEXEC, "sharktank-problem", dir, sizeof dir, e);
  if (s == ST_OK)
    s = challenge_confine_path(confine, sizeof confine, e);
  if (s != ST_OK)
    return s;
  snprintf(program, sizeof program, "%s/sharktank-problem", dir);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return error_errno(e, errno, "cannot open a connection to", program);
  int fd[WIRE_FD_END - WIRE_FD_SOCKET] = {pair[1], module, h->control_fd, h->pool.fd, h->reference.fd};
  const char *argv[] = {"/sharktank-problem", NULL};
  struct sandbox_bind bind = {.host = program, .inside = argv[0], .copied = 1};
  struct sandbox_spec spec = {.argv = argv,
                              .env = env,
                              .bind = &bind,
                              .n_bind = 1,
                              .pass_fd = fd,
                              .n_pass_fd = sizeof fd / sizeof fd[0],
                              .out_fd = -1,
                              .err_fd = -1,
                              .cpu = -1,
                              .confine = confine,
                              .threads_only = 1,
                              .memory_bytes = helper_memory_bytes(),
                              .tree_bytes = helper_memory_bytes(),
                              .cpu_seconds = 1u
                                             << 30 /* a season is long; what hangs is ended by the clock */};
  s = sandbox_start(&spec, &h->process, e);
  close(pair[1]);
  h->socket = pair[0];
  h->started = s == ST_OK;
  return s;
}

static enum status helper_hello(struct challenge_helper *h, struct error *e) {
  struct wire_answer a;
  enum status s = helper_receive(h, WIRE_HELLO, "loading", &a, e);
  if (s != ST_OK)
    return s;
  if (a.result != 0)
    return helper_end(h, ST_INPUT, e, "cannot be used: %s", a.text);
  uint32_t n = h->control->n_families;
  memcpy(h->family, h->control->family, sizeof h->family);
  if (n < 1 || n > WIRE_MAX_FAMILIES)
    return helper_end(h, ST_INPUT, e, "declares %u input families", n);
  for (uint32_t i = 0; i < n; i++) {
    h->family[i][WIRE_NAME_BYTES - 1] = 0;
    if (!challenge_is_word(h->family[i]))
      return helper_end(h, ST_INPUT, e, "gives input family %u no proper name", i);
    for (uint32_t k = 0; k < i; k++)
      if (strcmp(h->family[i], h->family[k]) == 0)
        return helper_end(h, ST_INPUT, e, "names two input families `%s`", h->family[i]);
  }
  h->n_families = n;
  return ST_OK;
}

enum status challenge_helper_open(const struct challenge *c, struct challenge_helper **out, struct error *e) {
  int module = -1;
  *out = NULL;
  if (!c->problem_path)
    return error_at(e, ST_INPUT, c->file, 0, "this challenge has no `problem`, so nothing of it can be run");
  struct challenge_helper *h = calloc(1, sizeof *h);
  if (!h)
    return error_set(e, ST_MEMORY, "out of memory starting a problem module");
  h->c = c;
  h->socket = h->control_fd = h->pool.fd = h->reference.fd = -1;
  h->timeout_ns = HELPER_TIMEOUT_NS;
  enum status s = challenge_module_open(c, &module, e);
  if (s == ST_OK)
    s = helper_memory(h, e);
  if (s == ST_OK)
    s = helper_start(h, module, e);
  if (s == ST_OK)
    s = helper_hello(h, e);
  if (module >= 0)
    close(module);
  if (s == ST_OK)
    *out = h;
  else
    challenge_helper_close(h);
  return s;
}

void challenge_helper_close(struct challenge_helper *h) {
  if (!h)
    return;
  if (h->socket >= 0)
    close(h->socket);
  if (h->started)
    sandbox_end(&h->process);
  if (h->control)
    munmap(h->control, sizeof *h->control);
  if (h->control_fd >= 0)
    close(h->control_fd);
  challenge_memory_close(&h->pool);
  challenge_memory_close(&h->reference);
  free(h->pointers);
  free(h);
}

void challenge_helper_set_timeout(struct challenge_helper *h, int64_t timeout_ns) {
  h->timeout_ns = timeout_ns;
}

size_t challenge_family_count(const struct challenge_helper *h) {
  return h->n_families;
}

const char *challenge_family_name(const struct challenge_helper *h, size_t family) {
  return family < h->n_families ? h->family[family] : "";
}
