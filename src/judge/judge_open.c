/* Room: judge. May use challenge, sandbox, base. Opening a judge: helper, tools, cores. */
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "base/base_machine.h"
#include "challenge/challenge_install.h"
#include "judge/judge_internal.h"

static void choose_cores(struct judge *j) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set))
    CPU_SET(0, &set);
  int first = -1, last = -1;
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET((unsigned)i, &set))
      continue;
    j->cores++;
    first = first < 0 ? i : first;
    last = i;
  }
  /* With one core both sides share it and wait by yielding. */
  j->judge_cpu = j->cores > 1 ? first : -1;
  j->child_cpu = last;
  uint32_t most = j->cores > 1 ? j->cores - 1 : 1, want = j->challenge->threads ? j->challenge->threads : 1;
  j->threads = want < most ? want : most;
}

static enum status find_compiler(struct judge *j, struct error *e) {
  const char *wish = getenv("SHARKTANK_CC");
  if (!wish || !wish[0])
    wish = getenv("CC");
  snprintf(j->cc, sizeof j->cc, "%s", wish && wish[0] ? wish : "gcc");
  const char *const argv[] = {"/bin/sh", "-c", "exec \"$0\" --version", j->cc, NULL};
  const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};
  struct sandbox_spec spec = {.argv = argv, .env = env, .out_fd = -1, .err_fd = -1, .cpu = -1};
  struct buffer output;
  buffer_init(&output);
  struct sandbox_result result;
  enum status s = sandbox_run(&spec, INT64_C(20000000000), 4096, &output, &result, e);
  if (!s && (result.timed_out || !result.exited || result.exit_status))
    s = error_set(
        e, ST_TOOL,
        "the C compiler %s does not run here (SHARKTANK_CC names another; `make deps` installs gcc)", j->cc);
  if (!s)
    snprintf(j->compiler, sizeof j->compiler, "%.*s", (int)strcspn(buffer_str(&output), "\n"),
             buffer_str(&output));
  buffer_fini(&output);
  return s;
}

static enum status find_tools(struct judge *j, struct error *e) {
  char folder[480];
  enum status s =
      challenge_install_path(CHALLENGE_INSTALL_LIBEXEC, "sharktank-runner", folder, sizeof folder, e);
  if (s)
    return s;
  if (file_join(j->runner_path, sizeof j->runner_path, folder, "sharktank-runner"))
    return error_set(e, ST_RANGE, "the path of sharktank-runner is too long");
  s = challenge_install_path(CHALLENGE_INSTALL_INCLUDE, "sharktank/entry.h", folder, sizeof folder, e);
  if (s)
    return s;
  if (file_join(j->include_path, sizeof j->include_path, folder, "sharktank/entry.h"))
    return error_set(e, ST_RANGE, "the path of sharktank/entry.h is too long");
  /* where the compiler finds it: alone in a folder of its own, unless there is no sandbox */
  snprintf(j->include_folder, sizeof j->include_folder, "%s", sandbox_is_waived() ? folder : "/include");
  /* An installed data folder holds the problem modules: entries and their compiler do not see it. */
  if (challenge_install_path(CHALLENGE_INSTALL_DATA, "challenges", j->data_path, sizeof j->data_path, NULL))
    j->data_path[0] = 0;
  return find_compiler(j, e);
}

static void read_cpu_model(struct judge *j) {
  json_t *facts = machine_facts_json();
  snprintf(j->cpu_model, sizeof j->cpu_model, "%s", json_str(facts, "cpu", "unknown"));
  json_decref(facts);
}

enum status judge_open(const struct challenge *c, const struct judge_progress *progress, struct judge **out,
                       struct error *e) {
  *out = NULL;
  struct judge *j = calloc(1, sizeof *j);
  if (!j)
    return error_set(e, ST_MEMORY, "out of memory while opening a judge");
  j->challenge = c;
  if (progress)
    j->progress = *progress;
  choose_cores(j);
  read_cpu_model(j);
  enum status s = find_tools(j, e);
  if (!s)
    s = challenge_helper_open(c, &j->helper, e);
  if (s) {
    judge_close(j);
    return s;
  }
  j->layers = sandbox_layers();
  *out = j;
  return ST_OK;
}

void judge_close(struct judge *j) {
  if (!j)
    return;
  if (j->helper)
    challenge_helper_close(j->helper);
  json_decref(j->layers);
  free(j);
}

struct challenge_helper *judge_helper(struct judge *j) {
  return j->helper;
}

void judge_tell(const struct judge *j, const char *phase, double done, const char *format, ...) {
  if (!j->progress.tell)
    return;
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  j->progress.tell(j->progress.context, phase, done < 0 ? 0 : done > 1 ? 1 : done, text);
}

int judge_cancelled(const struct judge *j) {
  return j->progress.cancelled && j->progress.cancelled(j->progress.context);
}

/* What the challenge allows one call, within reason. */
int64_t judge_call_timeout_ns(const struct judge *j) {
  double seconds = j->challenge->test_timeout_s;
  if (!(seconds > 0))
    seconds = 30;
  seconds = fmin(fmax(seconds, 0.05), 3600);
  return (int64_t)(seconds * 1e9);
}

enum status judge_seed(uint64_t *out, struct error *e) {
  if (rng_system(out, sizeof *out))
    return error_set(e, ST_IO, "the system gives no random numbers");
  return ST_OK;
}
