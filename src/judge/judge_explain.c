/* Room: judge. May use sandbox, base. Why a child gave no answer, as a sentence.
 *
 * How the process ended is the kernel's word; signal address, direction and system call are hints
 * from the child's own handlers and only fill in the sentence. */
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/base_clock.h"
#include "judge/judge_internal.h"

void judge_verdict_set(struct judge_verdict *v, const char *kind, const char *format, ...) {
  v->kind = kind;
  va_list args;
  va_start(args, format);
  vsnprintf(v->where, sizeof v->where, format, args);
  va_end(args);
}

static json_t *mismatch_json(const struct challenge_mismatch *m) {
  json_t *object = json_object();
  json_put_int(object, "wrong", (int64_t)m->wrong);
  json_put_int(object, "compared", (int64_t)m->compared);
  json_put_int(object, "group", m->problem);
  json_put_int(object, "output", m->output);
  json_t *index = json_array();
  for (uint32_t i = 0; i < m->rank && i < 6; i++)
    json_array_append_new(index, json_integer(m->index[i]));
  json_object_set_new(object, "index", index);
  json_put_num(object, "got", m->got);
  json_put_num(object, "want", m->want);
  json_put_num(object, "tolerance", m->tolerance);
  json_put_str(object, "text", m->text);
  return object;
}

void judge_verdict_to_json(const struct judge_verdict *v, json_t *object) {
  json_put_str(object, "verdict", v->kind);
  json_put_str(object, "where", v->where[0] ? v->where : NULL);
  json_put_str(object, "shape", v->shape[0] ? v->shape : NULL);
  json_put_str(object, "family", v->family[0] ? v->family : NULL);
  json_object_set_new(object, "mismatch", v->has_mismatch ? mismatch_json(&v->mismatch) : json_null());
}

static const char *syscall_text(uint32_t number) {
  static const struct {
    long number;
    const char *name;
  } known[] = {{SYS_clone, "clone"},
               {SYS_execve, "execve"},
               {SYS_execveat, "execveat"},
               {SYS_ptrace, "ptrace"},
               {SYS_process_vm_readv, "process_vm_readv"},
               {SYS_process_vm_writev, "process_vm_writev"},
               {SYS_kill, "kill"},
               {SYS_keyctl, "keyctl"},
               {SYS_add_key, "add_key"},
               {SYS_perf_event_open, "perf_event_open"},
               {SYS_bpf, "bpf"},
               {SYS_userfaultfd, "userfaultfd"},
               {SYS_memfd_create, "memfd_create"},
               {SYS_socket, "socket"},
               {SYS_shmget, "shmget"},
               {SYS_unshare, "unshare"},
#ifdef SYS_fork
               {SYS_fork, "fork"},
               {SYS_vfork, "vfork"},
#endif
               {SYS_io_uring_setup, "io_uring_setup"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].number == (long)number)
      return known[i].name;
  return "one that entries may not make";
}

static void explain_fault(struct judge *j, struct judge_child *c, int signal_number, const char *doing,
                          struct judge_verdict *v) {
  const struct judge_channel *channel = (const void *)c->channel.data;
  uint32_t memory = atomic_load(&channel->fault_memory), is_write = atomic_load(&channel->fault_write);
  uint64_t offset = atomic_load(&channel->fault_offset);
  const char *name = signal_number == SIGBUS ? "SIGBUS" : "SIGSEGV", *act = is_write ? "writing" : "reading";
  if (memory == JUDGE_MEM_WORKSPACE) {
    int64_t at = (int64_t)offset;
    judge_verdict_set(v, "out_of_bounds", "%s %s the workspace (%s), %lld bytes from its begin, %s", act,
                      at < 0 ? "before" : "past the end of", name, (long long)at, doing);
    return;
  }
  if ((memory != JUDGE_MEM_INPUTS && memory != JUDGE_MEM_OUTPUTS) || c->current_shape >= c->n_shapes) {
    judge_verdict_set(v, "crash", "crashed with %s %s address 0x%llx %s", name, act,
                      (unsigned long long)offset, doing);
    return;
  }
  const struct judge_shape *s = c->shape[c->current_shape];
  int outputs = memory == JUDGE_MEM_OUTPUTS;
  uint64_t slot_bytes = outputs ? s->out_slot_bytes : s->in_slot_bytes;
  char place[160];
  judge_shape_describe(j, s, outputs, slot_bytes ? offset % slot_bytes : offset, place, sizeof place);
  judge_verdict_set(v, "out_of_bounds", "%s %s (%s) %s", act, place, name, doing);
}

static const char *signal_text(int signal_number) {
  const char *name = sigabbrev_np(signal_number);
  return name ? name : "unknown";
}

static enum status explain_end(struct judge *j, struct judge_child *c, const char *doing,
                               struct judge_verdict *v, struct error *e) {
  int status = 0;
  int64_t deadline_ns = clock_mono_ns() + INT64_C(3000000000);
  while (!sandbox_poll(&c->process, &status) && clock_mono_ns() < deadline_ns)
    clock_sleep_ns(200000);
  if (c->process.setup_failed && !c->answered)
    return error_set(e, ST_SANDBOX, "the sandbox of an entry ended by itself: run `sharktank doctor`");
  judge_explain_status(j, c, status, doing, v);
  return ST_OK;
}

void judge_explain_status(struct judge *j, struct judge_child *c, int status, const char *doing,
                          struct judge_verdict *v) {
  const struct judge_channel *channel = (const void *)c->channel.data;
  uint32_t hint = atomic_load(&channel->signal_number), number = atomic_load(&channel->syscall_number);
  if (WIFEXITED(status)) {
    judge_verdict_set(v, "crash", "ended its own process with exit status %d %s", WEXITSTATUS(status), doing);
    return;
  }
  int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal_number == SIGSYS && number)
    judge_verdict_set(v, "crash", "made system call %u (%s), which no entry may make, %s", number - 1,
                      syscall_text(number - 1), doing);
  else if ((signal_number == SIGSEGV || signal_number == SIGBUS) && hint == (uint32_t)signal_number)
    explain_fault(j, c, signal_number, doing, v);
  else if (signal_number == SIGKILL)
    judge_verdict_set(v, "crash", "was killed (SIGKILL: out of memory or of CPU time) %s", doing);
  else
    judge_verdict_set(v, "crash", "crashed with SIG%s %s", signal_text(signal_number), doing);
}

enum status judge_child_explain(struct judge *j, struct judge_child *c, enum judge_reply reply,
                                const char *doing, struct judge_verdict *v, struct error *e) {
  enum status s = ST_OK;
  if (reply == JUDGE_REPLY_CANCELLED)
    s = error_set(e, ST_INTERRUPTED, "interrupted while an entry ran");
  else if (reply == JUDGE_REPLY_TIMEOUT)
    judge_verdict_set(v, "timeout", "no answer within %.3g s %s", (double)c->call_timeout_ns * 1e-9, doing);
  else
    s = explain_end(j, c, doing, v, e);
  if (c->n_shapes && !v->shape[0] && c->current_shape < c->n_shapes)
    snprintf(v->shape, sizeof v->shape, "%s", c->shape[c->current_shape]->shape->name);
  if (c->running)
    sandbox_end(&c->process);
  c->running = 0;
  return s;
}
