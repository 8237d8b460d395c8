/* Room: challenge. May use base and sandbox.
 *
 * problem.c to a shared object. The compiler runs in the sandbox (a problem module is a stranger's
 * text, and compilers have bugs): source in and object out through memfds, so nothing of ours is
 * writable there. The result is kept under a name made of everything it depends on. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base_file.h"
#include "base/base_hash.h"
#include "challenge/challenge_helper_private.h"
#include "challenge/challenge_install.h"

enum { MODULE_MAX_SOURCE = 4 << 20, MODULE_MAX_OBJECT = 64 << 20, MODULE_MAX_WORDS = 48 };

static const char *const module_flags[] = {"-std=gnu17",  "-O3", "-ffp-contract=off", "-fPIC", "-shared",
                                           "-Wl,-z,defs", NULL};
static const char *const module_env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TMPDIR=/tmp",
                                         "HOME=/tmp", NULL};

struct module_build {
  const struct challenge *c;
  char include[PATH_MAX], lib[PATH_MAX]; /* lib: "" when nothing of ours is linked */
  char compiler[256];                    /* $CC, cut into words */
  const char *word[MODULE_MAX_WORDS];
  size_t n_words;
  struct buffer source, version;
};

static enum status module_memfd(const char *name, const void *data, size_t bytes, int *out, struct error *e) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0)
    return error_errno(e, errno, "cannot create memory for", name);
  for (size_t at = 0; at < bytes;) {
    ssize_t n = write(fd, (const char *)data + at, bytes - at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      enum status s = error_errno(e, errno, "cannot fill memory for", name);
      close(fd);
      return s;
    }
    at += (size_t)n;
  }
  if (lseek(fd, 0, SEEK_SET) < 0) {
    close(fd);
    return error_errno(e, errno, "cannot rewind memory for", name);
  }
  *out = fd;
  return ST_OK;
}

static enum status module_split_compiler(struct module_build *b, struct error *e) {
  const char *cc = getenv("CC");
  snprintf(b->compiler, sizeof b->compiler, "%s", cc && *cc ? cc : "gcc");
  char *save = NULL;
  for (char *word = strtok_r(b->compiler, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
    if (b->n_words == 8)
      return error_set(e, ST_USAGE, "CC has too many words");
    b->word[b->n_words++] = word;
  }
  return b->n_words ? ST_OK : error_set(e, ST_USAGE, "CC is blank");
}

/* The shell finds the compiler in PATH; argv[0] of a sandboxed program has to be a path. */
static enum status module_shell(const struct module_build *b, const char *script, const int *fd, size_t n_fd,
                                struct buffer *output, struct sandbox_result *result, struct error *e) {
  const char *argv[MODULE_MAX_WORDS + 5] = {"/bin/sh", "-c", script, "sh"};
  for (size_t i = 0; i < b->n_words; i++)
    argv[4 + i] = b->word[i];
  struct sandbox_bind bind[2] = {{.host = b->include}, {.host = b->lib}};
  char confine[PATH_MAX];
  enum status s = challenge_confine_path(confine, sizeof confine, e);
  if (s != ST_OK)
    return s;
  struct sandbox_spec spec = {.argv = argv,
                              .env = module_env,
                              .bind = bind,
                              .n_bind = b->lib[0] ? 2 : 1,
                              .pass_fd = fd,
                              .n_pass_fd = n_fd,
                              .out_fd = -1,
                              .err_fd = -1,
                              .cpu = -1,
                              .confine = confine,
                              .memory_bytes = UINT64_C(3) << 30};
  s = sandbox_run(&spec, (int64_t)120 * 1000000000, 64 << 10, output, result, e);
  if (s != ST_OK)
    return s;
  if (result->exited && (result->exit_status == 127 || result->exit_status == 126))
    return error_set(e, ST_TOOL, "the compiler `%s` cannot be run in the sandbox; install it or set CC",
                     b->word[0]);
  return ST_OK;
}

static enum status module_prepare(struct module_build *b, struct error *e) {
  struct sandbox_result result;
  enum status s = file_read(b->c->problem_path, MODULE_MAX_SOURCE, &b->source, e);
  if (s == ST_OK)
    s = challenge_install_path(CHALLENGE_INSTALL_INCLUDE, "sharktank/problem.h", b->include,
                               sizeof b->include, e);
  if (s == ST_OK && b->c->link[0]) {
    char leaf[80];
    snprintf(leaf, sizeof leaf, "lib%.60s.a", b->c->link[0]);
    s = challenge_install_path(CHALLENGE_INSTALL_LIB, leaf, b->lib, sizeof b->lib, e);
  }
  if (s == ST_OK)
    s = module_split_compiler(b, e);
  if (s == ST_OK)
    s = module_shell(b, "\"$@\" --version", NULL, 0, &b->version, &result, e);
  if (s == ST_OK && (!result.exited || result.exit_status != 0))
    s = error_set(e, ST_TOOL, "`%s --version` failed in the sandbox; is it a C compiler?", b->word[0]);
  return s;
}

static enum status module_hash_file(struct hash_parts *h, const char *dir, const char *leaf,
                                    struct error *e) {
  char path[PATH_MAX];
  struct buffer text;
  if (file_join(path, sizeof path, dir, leaf) != 0)
    return error_set(e, ST_RANGE, "the path of %s is too long", leaf);
  buffer_init(&text);
  enum status s = file_exists(path) ? file_read(path, MODULE_MAX_OBJECT, &text, e) : ST_OK;
  hash_parts_add_text(h, leaf);
  hash_parts_add(h, buffer_str(&text), text.bytes);
  buffer_fini(&text);
  return s;
}

/* Everything the object depends on. All headers that a module may include count, whether this one
 * does or not: to know would take a preprocessor. One that does not exist counts as empty. */
static enum status module_key(const struct module_build *b, char key[HASH_HEX_BYTES], struct error *e) {
  static const char *const headers[] = {"sharktank/entry.h", "sharktank/problem.h",
                                        "sharktank/problem_nvfp4.h", "nvfp4.h", NULL};
  struct hash_parts *h = hash_parts_create();
  if (!h)
    return error_set(e, ST_MEMORY, "out of memory hashing a problem module");
  enum status s = ST_OK;
  hash_parts_add(h, buffer_str(&b->source), b->source.bytes);
  hash_parts_add(h, buffer_str(&b->version), b->version.bytes);
  for (size_t i = 0; i < b->n_words; i++)
    hash_parts_add_text(h, b->word[i]);
  for (size_t i = 0; module_flags[i]; i++)
    hash_parts_add_text(h, module_flags[i]);
  for (size_t i = 0; headers[i] && s == ST_OK; i++)
    s = module_hash_file(h, b->include, headers[i], e);
  for (size_t i = 0; b->c->link[i] && s == ST_OK; i++) {
    char leaf[80];
    snprintf(leaf, sizeof leaf, "lib%.60s.a", b->c->link[i]);
    s = module_hash_file(h, b->lib, leaf, e);
  }
  hash_parts_end(h, key);
  return s;
}

/* The compiler's words: cc flags -I include -o module.so problem.c libraries. */
static enum status module_words(struct module_build *b, char library[8][PATH_MAX], struct error *e) {
  for (size_t i = 0; module_flags[i]; i++)
    b->word[b->n_words++] = module_flags[i];
  b->word[b->n_words++] = "-I";
  b->word[b->n_words++] = b->include;
  b->word[b->n_words++] = "-o";
  b->word[b->n_words++] = "module.so";
  b->word[b->n_words++] = "problem.c";
  for (size_t i = 0; b->c->link[i]; i++) {
    char leaf[80];
    snprintf(leaf, sizeof leaf, "lib%.60s.a", b->c->link[i]);
    if (i == 8 || file_join(library[i], PATH_MAX, b->lib, leaf) != 0)
      return error_set(e, ST_RANGE, "too many libraries, or the path of %s is too long", leaf);
    b->word[b->n_words++] = library[i];
  }
  b->word[b->n_words++] = "-lpthread";
  b->word[b->n_words++] = "-lm";
  return ST_OK;
}

/* The first "problem.c:LINE:COL: error: TEXT" (or the linker's undefined reference) as our error. */
static enum status module_compile_error(const struct module_build *b, const char *output, struct error *e) {
  const char *at = output, *found = NULL;
  int line = 0;
  while (*at && !found) {
    size_t bytes = strcspn(at, "\n");
    const char *error = memmem(at, bytes, "error: ", 7),
               *undefined = memmem(at, bytes, "undefined reference", 19);
    if (error)
      found = error + 7;
    if (!found && undefined)
      found = undefined;
    if (found && strncmp(at, "problem.c:", 10) == 0 && isdigit((unsigned char)at[10]))
      line = atoi(at + 10);
    at += bytes + (at[bytes] == '\n');
  }
  if (!found)
    found = *output ? output : "the compiler said nothing";
  char text[400];
  snprintf(text, sizeof text, "%.*s", (int)strcspn(found, "\n"), found);
  for (char *t = text; *t; t++)
    if ((unsigned char)*t < 32 || (unsigned char)*t > 126)
      *t = '\'';
  return error_at(e, ST_INPUT, b->c->problem_path, line, "the problem module does not compile: %s", text);
}

static enum status module_compile(struct module_build *b, const char *path, struct error *e) {
  static const char script[] =
      "cat <&4 >problem.c || exit 120; \"$@\" || exit $?; cat module.so >&3 || exit 121";
  char(*library)[PATH_MAX] = calloc(8, PATH_MAX);
  struct buffer output, object;
  struct sandbox_result result;
  int fd[2] = {-1, -1};
  if (!library)
    return error_set(e, ST_MEMORY, "out of memory compiling a problem module");
  buffer_init(&output);
  buffer_init(&object);
  enum status s = module_words(b, library, e);
  if (s == ST_OK)
    s = module_memfd("module", NULL, 0, &fd[0], e);
  if (s == ST_OK)
    s = module_memfd("source", buffer_str(&b->source), b->source.bytes, &fd[1], e);
  if (s == ST_OK)
    s = module_shell(b, script, fd, 2, &output, &result, e);
  if (s == ST_OK && result.timed_out)
    s = error_at(e, ST_INPUT, b->c->problem_path, 0, "the problem module did not compile within 120 s");
  else if (s == ST_OK && result.exited && (result.exit_status == 120 || result.exit_status == 121))
    s = error_set(e, ST_FULL, "there was no room to compile the problem module of %s", b->c->name);
  else if (s == ST_OK && (!result.exited || result.exit_status != 0))
    s = module_compile_error(b, buffer_str(&output), e);
  if (s == ST_OK) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd[0]);
    s = file_read(name, MODULE_MAX_OBJECT, &object, e);
  }
  if (s == ST_OK)
    s = file_write_atomic(path, buffer_str(&object), object.bytes, e);
  for (int i = 0; i < 2; i++)
    if (fd[i] >= 0)
      close(fd[i]);
  buffer_fini(&output);
  buffer_fini(&object);
  free(library);
  return s;
}

/* A memfd, not the file: the sandboxed helper may not be allowed to walk to the cache folder. */
static enum status module_read(const char *path, int *fd, struct error *e) {
  struct buffer object;
  buffer_init(&object);
  enum status s = file_read(path, MODULE_MAX_OBJECT, &object, e);
  if (s == ST_OK)
    s = module_memfd("module", buffer_str(&object), object.bytes, fd, e);
  buffer_fini(&object);
  return s;
}

enum status challenge_module_open(const struct challenge *c, int *fd, struct error *e) {
  char cache[PATH_MAX - 128], dir[PATH_MAX - 100], path[PATH_MAX], key[HASH_HEX_BYTES] = "";
  struct module_build *b = calloc(1, sizeof *b);
  if (!b)
    return error_set(e, ST_MEMORY, "out of memory compiling a problem module");
  b->c = c;
  buffer_init(&b->source);
  buffer_init(&b->version);
  enum status s = module_prepare(b, e);
  if (s == ST_OK)
    s = module_key(b, key, e);
  if (s == ST_OK)
    s = file_cache_dir(cache, sizeof cache, e);
  if (s == ST_OK) {
    snprintf(dir, sizeof dir, "%s/modules", cache);
    snprintf(path, sizeof path, "%s/%s.so", dir, key);
    s = file_mkdirs(dir, e);
  }
  if (s == ST_OK && !file_exists(path))
    s = module_compile(b, path, e);
  if (s == ST_OK)
    s = module_read(path, fd, e);
  buffer_fini(&b->source);
  buffer_fini(&b->version);
  free(b);
  return s;
}
