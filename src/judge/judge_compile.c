/* Room: judge. May use challenge, sandbox, base. From a source to an object that a runner can map.
 *
 * The compiler runs in the sandbox too: it sees its own tool chain, the source and sharktank/entry.h,
 * so `#include` and `.incbin` find nothing else. Source and object travel through memfds; the object
 * that is raced is the sealed copy, whatever happens to the cache's file. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_hash.h"
#include "challenge/challenge_install.h"
#include "judge/judge_compile_cache.h"
#include "judge/judge_internal.h"

enum { OUTPUT_LIMIT = 64 * 1024, OBJECT_LIMIT = 32 << 20, MAX_ARGS = 64 };
enum { EXIT_NO_SOURCE = 125, EXIT_NO_OBJECT = 126, EXIT_MISSING = 127, EXIT_COMPILER = 99 };

/* $0 is the script's own name. 99 tells "the compiler said no" from what the shell itself may return. */
static const char script[] = "cat <&3 >entry.c || exit 125; command -v \"$1\" >/dev/null || exit 127; "
                             "\"$@\" || exit 99; cat entry.so >&4 || exit 126";

/* {source} and {output} as bare names: the compiler's messages then read "entry.c:12:3: error: ...". */
static enum status build_args(const struct judge *j, struct arena *a, const char **argv, struct buffer *line,
                              struct error *e) {
  size_t n = 0;
  argv[n++] = "/bin/sh";
  argv[n++] = "-c";
  argv[n++] = script;
  argv[n++] = "compile";
  for (const char *const *from = j->challenge->compile; from && *from; from++) {
    const struct {
      const char *hole, *value;
    } fill[] = {
        {"{source}", "entry.c"}, {"{output}", "entry.so"}, {"{include}", j->include_folder}, {"{cc}", j->cc}};
    const char *text = *from;
    for (size_t i = 0; i < sizeof fill / sizeof fill[0]; i++) {
      const char *at = strstr(text, fill[i].hole);
      if (at)
        text = arena_printf(a, "%.*s%s%s", (int)(at - text), text, fill[i].value, at + strlen(fill[i].hole));
      if (!text)
        return error_set(e, ST_MEMORY, "out of memory while compiling");
    }
    if (n + 1 >= MAX_ARGS)
      return error_set(e, ST_RANGE, "%s: the compile line has more than %d words", j->challenge->file,
                       MAX_ARGS);
    argv[n++] = text;
    buffer_printf(line, "%s%s", line->bytes ? " " : "", text);
  }
  argv[n] = NULL;
  if (n == 4)
    return error_at(e, ST_INPUT, j->challenge->file, 0, "no compile line");
  return ST_OK;
}

void judge_first_error(json_t *report, const char *output) {
  for (const char *line = output; line && *line;) {
    const char *end = strchr(line, '\n');
    size_t bytes = end ? (size_t)(end - line) : strlen(line);
    const char *mark = memmem(line, bytes, "error: ", 7);
    const char *undefined = memmem(line, bytes, "undefined reference", 19);
    if (mark || undefined) {
      json_t *error = json_object();
      long number = strncmp(line, "entry.c:", 8) == 0 ? strtol(line + 8, NULL, 10) : 0;
      json_object_set_new(error, "line", number > 0 ? json_integer(number) : json_null());
      json_object_set_new(error, "text", json_clean_string(line, bytes > 400 ? 400 : bytes));
      json_object_set_new(report, "first_error", error);
      return;
    }
    line = end ? end + 1 : NULL;
  }
}

/* Anywhere, in any case: a rule is the task's, and a task that forbids a word forbids it everywhere. */
static int has_word(const char *source, size_t bytes, const char *word) {
  size_t length = strlen(word);
  for (size_t at = 0; length && at + length <= bytes; at++)
    if (strncasecmp(source + at, word, length) == 0)
      return 1;
  return 0;
}

static void add_reason(json_t *report, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_reason(json_t *report, const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  json_array_append_new(json_object_get(report, "reasons"), json_clean_string(text, strlen(text)));
  json_put_str(report, "verdict", "gate");
}

static void apply_gates(const struct judge *j, const char *source, size_t bytes, json_t *report) {
  const struct challenge *c = j->challenge;
  uint64_t limit = c->source_max_bytes ? c->source_max_bytes : 1 << 20;
  if (bytes > limit)
    add_reason(report, "the source has %zu bytes; the challenge allows %llu", bytes,
               (unsigned long long)limit);
  if (memchr(source, 0, bytes))
    add_reason(report, "the source holds a zero byte");
  for (size_t i = 0; i < c->n_rules; i++)
    if (has_word(source, bytes, c->rule[i].forbid_word))
      add_reason(report, "the source contains \"%s\": %s", c->rule[i].forbid_word, c->rule[i].why);
}

static enum status run_compiler(struct judge *j, const char *const *argv, int source_fd, int object_fd,
                                struct buffer *output, struct sandbox_result *result, struct error *e) {
  const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TMPDIR=/tmp", NULL};
  const struct sandbox_bind bind[] = {
      {.host = j->include_path, .inside = "/include/sharktank/entry.h", .copied = 1}};
  char confine[PATH_MAX];
  enum status s = challenge_confine_path(confine, sizeof confine, e);
  if (s)
    return s;
  const char *const hide[] = {j->data_path[0] ? j->data_path : NULL, NULL};
  const int pass[] = {source_fd, object_fd};
  struct sandbox_spec spec = {.argv = argv,
                              .env = env,
                              .bind = bind,
                              .n_bind = 1,
                              .hide = hide,
                              .pass_fd = pass,
                              .n_pass_fd = 2,
                              .out_fd = -1,
                              .err_fd = -1,
                              .cpu = -1,
                              .confine = confine,
                              .memory_bytes = UINT64_C(3) << 30,
                              .tree_bytes = UINT64_C(4) << 30,
                              .file_bytes = OBJECT_LIMIT,
                              .tmp_bytes = 128 << 20,
                              .processes = 32};
  double limit_s = j->challenge->compile_timeout_s > 0 ? j->challenge->compile_timeout_s : 60;
  return sandbox_run(&spec, (int64_t)(limit_s * 1e9), OUTPUT_LIMIT, output, result, e);
}

static enum status judge_result(struct judge *j, const struct sandbox_result *result, const char *output,
                                json_t *report, struct error *e) {
  json_put_num(report, "seconds", (double)result->wall_ns * 1e-9);
  json_object_set_new(report, "output", json_clean_string(output, strlen(output)));
  if (result->timed_out) {
    json_put_str(report, "verdict", "compile_timeout");
    return ST_OK;
  }
  if (result->exited && result->exit_status == EXIT_MISSING)
    return error_set(e, ST_TOOL, "the compiler %s is missing (SHARKTANK_CC names another)", j->cc);
  if (result->exited && result->exit_status == EXIT_NO_SOURCE)
    return error_set(e, ST_FULL, "no room for the source in the compiler's private folder");
  if (result->exited && result->exit_status == 0) {
    json_put_str(report, "verdict", "ok");
    return ST_OK;
  }
  json_put_str(report, "verdict", "compile_error");
  judge_first_error(report, output);
  if (json_is_null(json_object_get(report, "first_error"))) {
    json_t *error =
        json_pack("{s:n,s:s}", "line", "text",
                  result->too_large ? "the compiler used more memory than its sandbox grants"
                  : result->exited && result->exit_status == EXIT_NO_OBJECT
                      ? "the object is too large or was not written"
                      : "the compiler ended without naming an error (out of memory or disk in its sandbox)");
    json_object_set_new(report, "first_error", error);
  }
  return ST_OK;
}

/* Compiles for real; fills *object (bytes) when the verdict is ok. */
static enum status compile_now(struct judge *j, const char *const *argv, const char *source, size_t bytes,
                               struct buffer *object, json_t *report, struct error *e) {
  int source_fd = -1, object_fd = memfd_create("object", MFD_CLOEXEC);
  struct buffer output;
  buffer_init(&output);
  struct sandbox_result result;
  enum status s = judge_bytes_to_fd("source", source, bytes, &source_fd, e);
  if (!s && object_fd < 0)
    s = error_errno(e, errno, "making shared memory for", "an object");
  if (!s)
    s = run_compiler(j, argv, source_fd, object_fd, &output, &result, e);
  if (!s)
    s = judge_result(j, &result, buffer_str(&output), report, e);
  if (!s && strcmp(json_str(report, "verdict", ""), "ok") == 0)
    s = judge_fd_to_bytes(object_fd, OBJECT_LIMIT, object, e);
  if (source_fd >= 0)
    close(source_fd);
  if (object_fd >= 0)
    close(object_fd);
  buffer_fini(&output);
  return s;
}

/* Maps the object in a runner, only to see its symbols. What its constructors do is not judged here. */
static enum status probe_symbols(struct judge *j, struct judge_build *b, struct error *e) {
  struct judge_memory_map inputs;
  enum status s = judge_memory_create("inputs", JUDGE_PAGE_BYTES, JUDGE_SEAL_READ_ONLY, &inputs, e);
  if (s)
    return s;
  struct judge_child child;
  s = judge_child_start(j, b, NULL, 0, 1, j->child_cpu, &inputs, &child, e);
  if (!s) {
    struct judge_verdict v = {0};
    s = judge_child_prepare(j, &child, &v, e);
    if (!s && v.kind && strcmp(v.kind, "gate") == 0)
      add_reason(b->report, "%s", v.where);
    judge_child_end(&child);
  }
  judge_memory_free(&inputs);
  return s;
}

static json_t *new_report(const char *hash, const char *key, const char *command) {
  json_t *report = json_object();
  json_put_str(report, "verdict", "ok");
  json_put_str(report, "hash", hash);
  json_put_str(report, "key", key);
  json_put_str(report, "command", command);
  json_object_set_new(report, "seconds", json_null());
  json_put_bool(report, "cached", 0);
  json_put_str(report, "output", "");
  json_object_set_new(report, "first_error", json_null());
  json_object_set_new(report, "binary_bytes", json_null());
  json_object_set_new(report, "reasons", json_array());
  return report;
}

/* What another try would give again: an object, or an error that the compiler named. The rest may have
 * been this moment's (time, memory), and is not kept. */
static int lasting(const json_t *report) {
  const char *verdict = json_str(report, "verdict", "");
  return strcmp(verdict, "ok") == 0 ||
         (strcmp(verdict, "compile_error") == 0 && json_int(json_obj(report, "first_error"), "line", 0) > 0);
}

static enum status build_uncached(struct judge *j, const char *const *argv, const char *source, size_t bytes,
                                  const char *key, struct judge_build *b, struct error *e) {
  struct buffer object;
  buffer_init(&object);
  enum status s = compile_now(j, argv, source, bytes, &object, b->report, e);
  int linked = !s && strcmp(json_str(b->report, "verdict", ""), "ok") == 0;
  if (linked) {
    json_put_int(b->report, "binary_bytes", (int64_t)object.bytes);
    s = judge_bytes_to_fd("entry", object.data, object.bytes, &b->object_fd, e);
    if (!s)
      s = probe_symbols(j, b, e);
  }
  if (!s && lasting(b->report))
    s = judge_cache_store(key, b->report, linked ? &object : NULL, e);
  buffer_fini(&object);
  return s;
}

enum status judge_build_create(struct judge *j, const char *source, size_t bytes, struct judge_build *out,
                               struct error *e) {
  *out = (struct judge_build){.object_fd = -1};
  hash_sha256_hex(source, bytes, out->hash);
  struct arena a;
  arena_init(&a, 1 << 20);
  struct buffer line;
  buffer_init(&line);
  const char *argv[MAX_ARGS];
  char key[HASH_HEX_BYTES];
  enum status s = build_args(j, &a, argv, &line, e);
  if (s)
    goto done;
  struct hash_parts *parts = hash_parts_create();
  if (parts) {
    const char *text[] = {"judge entry cache 1", buffer_str(&line), j->compiler, j->cpu_model};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
      hash_parts_add_text(parts, text[i]);
    hash_parts_add(parts, source, bytes);
  }
  hash_parts_end(parts, key);
  out->report = new_report(out->hash, key, buffer_str(&line));
  apply_gates(j, source, bytes, out->report);
  if (strcmp(json_str(out->report, "verdict", ""), "ok") != 0)
    goto done;
  judge_tell(j, "compile", 0, "compiling %.12s", out->hash);
  json_t *cached = judge_cache_load(key, &out->object_fd);
  if (cached) {
    json_decref(out->report);
    out->report = cached;
    json_put_bool(cached, "cached", 1);
  } else {
    s = build_uncached(j, argv, source, bytes, key, out, e);
  }
  if (!s)
    json_put_str(out->report, "compiler", j->compiler); /* the key holds it, so the cached one is the same */
done:
  if (s)
    judge_build_free(out);
  buffer_fini(&line);
  arena_fini(&a);
  return s;
}

void judge_build_free(struct judge_build *b) {
  json_decref(b->report);
  b->report = NULL;
  if (b->object_fd >= 0)
    close(b->object_fd);
  b->object_fd = -1;
}

int judge_build_ok(const struct judge_build *b) {
  return b->object_fd >= 0 && strcmp(json_str(b->report, "verdict", ""), "ok") == 0;
}

void judge_build_verdict(const struct judge_build *b, struct judge_verdict *v) {
  const char *verdict = json_str(b->report, "verdict", "");
  if (strcmp(verdict, "gate") == 0) {
    const char *reason = json_string_value(json_array_get(json_arr(b->report, "reasons"), 0));
    judge_verdict_set(v, "gate", "%s", reason ? reason : "a rule of the challenge");
  } else if (strcmp(verdict, "compile_timeout") == 0) {
    judge_verdict_set(v, "compile_timeout", "the compiler did not end in time");
  } else {
    judge_verdict_set(v, "compile_error", "%s",
                      json_str(json_obj(b->report, "first_error"), "text", "the compiler said no"));
  }
}

enum status judge_compile(struct judge *j, const char *source, size_t source_bytes, json_t **out,
                          struct error *e) {
  *out = NULL;
  struct judge_build build;
  enum status s = judge_build_create(j, source, source_bytes, &build, e);
  if (s)
    return s;
  *out = json_incref(build.report);
  judge_build_free(&build);
  return ST_OK;
}
