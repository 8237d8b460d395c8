/* Room: sandbox. May use base. The command line of bubblewrap for a spec. */
#include "sandbox/sandbox_launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_file.h"

#define CONFINE_INSIDE "/sharktank-confine"

struct argv_builder {
  struct arena *arena;
  char **item;
  size_t n, capacity;
};

static void argv_add(struct argv_builder *b, const char *text) {
  if (b->n + 1 < b->capacity)
    b->item[b->n++] = arena_strdup(b->arena, text);
}

static void argv_add3(struct argv_builder *b, const char *x, const char *y, const char *z) {
  argv_add(b, x);
  argv_add(b, y);
  if (z)
    argv_add(b, z);
}

const char *sandbox_bwrap_path(void) {
  /* fixed places: a search path is the user's, and this program guards the user */
  static const char *const place[] = {"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"};
  for (size_t i = 0; i < sizeof place / sizeof place[0]; i++)
    if (access(place[i], X_OK) == 0)
      return place[i];
  return NULL;
}

int sandbox_is_waived(void) {
  const char *wish = getenv("SHARKTANK_SANDBOX");
  return wish && strcmp(wish, "none") == 0;
}

/* Where libraries are found: all that the program of a lean sandbox sees of the machine. */
static void add_libraries(struct argv_builder *b) {
  static const char *const folder[] = {"/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"};
  for (size_t i = 0; i < sizeof folder / sizeof folder[0]; i++)
    argv_add3(b, "--ro-bind-try", folder[i], folder[i]);
}

/* The tool chain: /usr, and what stands beside it in / as a link or (older layouts) as a folder. */
static void add_tool_chain(struct argv_builder *b, int lean) {
  static const char *const beside[] = {"/lib", "/lib64", "/lib32", "/libx32", "/bin", "/sbin"};
  static const char *const etc[] = {"/etc/ld.so.cache", "/etc/alternatives"};
  if (lean)
    add_libraries(b);
  else
    argv_add3(b, "--ro-bind", "/usr", "/usr");
  for (size_t i = 0; i < (lean ? 2 : sizeof beside / sizeof beside[0]); i++) {
    char target[256];
    ssize_t length = readlink(beside[i], target, sizeof target - 1);
    if (length > 0) {
      target[length] = 0;
      argv_add3(b, "--symlink", target, beside[i]);
    } else if (file_is_dir(beside[i])) {
      argv_add3(b, "--ro-bind", beside[i], beside[i]);
    }
  }
  for (size_t i = 0; i < (lean ? 1 : sizeof etc / sizeof etc[0]); i++)
    argv_add3(b, "--ro-bind-try", etc[i], etc[i]);
}

static enum status add_copy(struct sandbox_launch *l, struct argv_builder *b, const char *host,
                            const char *inside, struct error *e) {
  if (l->n_copy == SANDBOX_MAX_COPIES)
    return error_set(e, ST_RANGE, "a sandbox is given at most %d copied files", SANDBOX_MAX_COPIES);
  int number = l->block_fd_number + 1 + (int)l->n_copy;
  l->copy[l->n_copy++] = arena_strdup(&l->arena, host);
  argv_add3(b, "--perms", access(host, X_OK) == 0 ? "0555" : "0444", NULL);
  argv_add3(b, "--file", arena_printf(&l->arena, "%d", number), inside);
  return ST_OK;
}

static enum status add_binds(struct sandbox_launch *l, struct argv_builder *b,
                             const struct sandbox_spec *spec, struct error *e) {
  if (spec->n_bind > SANDBOX_MAX_BINDS)
    return error_set(e, ST_RANGE, "a sandbox shows at most %d folders, not %zu", SANDBOX_MAX_BINDS,
                     spec->n_bind);
  for (size_t i = 0; i < spec->n_bind; i++) {
    const struct sandbox_bind *bind = &spec->bind[i];
    const char *source = bind->host, *inside = bind->inside ? bind->inside : bind->host;
    if (!file_exists(source))
      return error_set(e, ST_NOT_FOUND, "the sandbox should show %s, which does not exist", source);
    if (bind->copied) {
      enum status s = add_copy(l, b, source, inside, e);
      if (s)
        return s;
      continue;
    }
    if (l->drop) { /* the uid that bubblewrap will run as may not be able to walk there: stage it */
      l->stage[l->n_stage].host = arena_strdup(&l->arena, source);
      l->stage[l->n_stage].staged = source = arena_printf(&l->arena, "/tmp/s%zu", i);
      l->stage[l->n_stage].writable = bind->writable;
      l->stage[l->n_stage++].is_dir = file_is_dir(bind->host);
    }
    argv_add3(b, bind->writable ? "--bind" : "--ro-bind", source ? source : "", inside);
  }
  for (const char *const *hide = spec->hide; hide && *hide; hide++)
    if (!spec->lean && strncmp(*hide, "/usr/", 5) == 0 && file_is_dir(*hide))
      argv_add3(b, "--tmpfs", *hide, NULL);
  return ST_OK;
}

static void add_environment(struct argv_builder *b, const struct sandbox_spec *spec) {
  argv_add(b, "--clearenv");
  for (const char *const *env = spec->env; env && *env; env++) {
    const char *equals = strchr(*env, '=');
    if (!equals)
      continue;
    argv_add(b, "--setenv");
    if (b->n + 1 < b->capacity)
      b->item[b->n++] = arena_strndup(b->arena, *env, (size_t)(equals - *env));
    argv_add(b, equals + 1);
  }
}

/* /proc and /dev are there for tools that ask for their own name or for /dev/null. Everything that can be
 * written has a size: bubblewrap's own /dev has none, and a /dev/shm in it. */
static void add_own_mounts(struct sandbox_launch *l, struct argv_builder *b,
                           const struct sandbox_spec *spec) {
  if (spec->lean)
    return;
  uint64_t tmp_bytes = spec->tmp_bytes ? spec->tmp_bytes : UINT64_C(64) << 20;
  argv_add3(b, "--proc", "/proc", NULL);
  argv_add3(b, "--dev", "/dev", NULL);
  argv_add3(b, "--remount-ro", "/dev", NULL);
  argv_add3(b, "--size", arena_printf(&l->arena, "%llu", (unsigned long long)tmp_bytes), NULL);
  argv_add3(b, "--tmpfs", "/tmp", NULL);
}

/* The line of sharktank-confine before the program's own: what Landlock leaves of what is mounted. */
static enum status add_confine(struct argv_builder *b, const struct sandbox_spec *spec, struct error *e) {
  static const char *const browse[] = {"/usr",   "/bin",   "/sbin",   "/lib",
                                       "/lib32", "/lib64", "/libx32", "/etc/alternatives"};
  static const char *const read[] = {"/etc/ld.so.cache", "/dev/urandom", "/proc/self/fd", "/proc/sys/vm"};
  static const char *const write[] = {"/tmp", "/dev/null"};
  if (!spec->confine)
    return ST_OK;
  argv_add(b, CONFINE_INSIDE);
  for (size_t i = 0; i < sizeof browse / sizeof browse[0]; i++)
    argv_add3(b, "-x", browse[i], NULL);
  for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
    argv_add3(b, "-r", read[i], NULL);
  for (size_t i = 0; i < sizeof write / sizeof write[0]; i++)
    argv_add3(b, "-w", write[i], NULL);
  for (size_t i = 0; i < spec->n_bind; i++)
    argv_add3(b, spec->bind[i].writable ? "-w" : "-x",
              spec->bind[i].inside ? spec->bind[i].inside : spec->bind[i].host, NULL);
  if (spec->threads_only)
    argv_add(b, "-p");
  argv_add(b, "--");
  return b->n + 1 < b->capacity ? ST_OK : error_set(e, ST_INTERNAL, "a sandbox's line is too long");
}

static enum status build_bwrap_line(struct sandbox_launch *l, const struct sandbox_spec *spec,
                                    struct error *e) {
  size_t n_arg = 0, n_env = 0, n_hide = 0;
  while (spec->argv[n_arg])
    n_arg++;
  while (spec->env && spec->env[n_env])
    n_env++;
  while (spec->hide && spec->hide[n_hide])
    n_hide++;
  struct argv_builder b = {.arena = &l->arena,
                           .capacity = 160 + n_arg + 3 * (n_env + n_hide) + 7 * spec->n_bind};
  b.item = arena_array(&l->arena, b.capacity, sizeof *b.item);
  if (!b.item)
    return error_set(e, ST_MEMORY, "out of memory while preparing a sandbox");

  argv_add3(&b, l->bwrap, "--unshare-all", "--die-with-parent");
  argv_add3(&b, "--new-session", "--as-pid-1", NULL);
  argv_add3(&b, "--uid", "1000", NULL); /* whoever calls: neither uid nor host name are told inside */
  argv_add3(&b, "--gid", "1000", NULL);
  argv_add3(&b, "--hostname", "sandbox", NULL);
  add_tool_chain(&b, spec->lean);
  add_own_mounts(l, &b, spec);
  enum status s = add_binds(l, &b, spec, e);
  if (!s && spec->confine)
    s = add_copy(l, &b, spec->confine, CONFINE_INSIDE, e);
  if (s)
    return s;
  argv_add3(&b, "--remount-ro", "/", NULL);
  argv_add3(&b, "--chdir", spec->lean ? "/" : spec->cwd ? spec->cwd : "/tmp", NULL);
  add_environment(&b, spec);
  argv_add3(&b, "--json-status-fd", arena_printf(&l->arena, "%d", l->status_fd_number), NULL);
  argv_add3(&b, "--block-fd", arena_printf(&l->arena, "%d", l->block_fd_number), NULL);
  argv_add(&b, "--");
  s = add_confine(&b, spec, e);
  for (size_t i = 0; i < n_arg; i++)
    argv_add(&b, spec->argv[i]);
  l->argv = b.item;
  return s;
}

/* Without bubblewrap a path inside is translated back to the path on this machine. */
static const char *bare_path(struct sandbox_launch *l, const struct sandbox_spec *spec, const char *text) {
  for (size_t i = 0; i < spec->n_bind; i++) {
    const char *inside = spec->bind[i].inside;
    size_t bytes = inside ? strlen(inside) : 0;
    if (bytes && strncmp(text, inside, bytes) == 0 && (text[bytes] == 0 || text[bytes] == '/'))
      return arena_printf(&l->arena, "%s%s", spec->bind[i].host, text + bytes);
  }
  return arena_strdup(&l->arena, text);
}

static enum status build_bare_line(struct sandbox_launch *l, const struct sandbox_spec *spec, const char *tmp,
                                   struct error *e) {
  size_t n_arg = 0, n_env = 0;
  while (spec->argv[n_arg])
    n_arg++;
  while (spec->env && spec->env[n_env])
    n_env++;
  l->argv = arena_array(&l->arena, n_arg + 1, sizeof *l->argv);
  l->envp = arena_array(&l->arena, n_env + 1, sizeof *l->envp);
  if (!l->argv || !l->envp)
    return error_set(e, ST_MEMORY, "out of memory while preparing a program");
  for (size_t i = 0; i < n_arg; i++)
    l->argv[i] = (char *)(uintptr_t)bare_path(l, spec, spec->argv[i]);
  for (size_t i = 0; i < n_env; i++)
    l->envp[i] = arena_strdup(&l->arena, spec->env[i]);
  l->cwd = spec->cwd && strcmp(spec->cwd, "/tmp") != 0 ? bare_path(l, spec, spec->cwd)
                                                       : arena_strdup(&l->arena, tmp);
  return ST_OK;
}

uint64_t sandbox_tree_limit(const struct sandbox_spec *spec) {
  if (spec->tree_bytes)
    return spec->tree_bytes;
  return (spec->memory_bytes ? spec->memory_bytes : UINT64_C(4) << 30) +
         (spec->tmp_bytes ? spec->tmp_bytes : UINT64_C(64) << 20);
}

enum status sandbox_launch_init(struct sandbox_launch *l, const struct sandbox_spec *spec,
                                const char *bare_tmp, struct error *e) {
  *l = (struct sandbox_launch){.drop = geteuid() == 0, .bwrap = sandbox_bwrap_path(), .cgroup_fd = -1};
  arena_init(&l->arena, 0);
  if (!spec->argv || !spec->argv[0])
    return error_set(e, ST_INTERNAL, "a sandbox was asked to run nothing");
  if (spec->n_pass_fd > SANDBOX_MAX_PASS_FDS)
    return error_set(e, ST_RANGE, "a sandboxed program gets at most %d descriptors", SANDBOX_MAX_PASS_FDS);
  l->bare = sandbox_is_waived();
  l->status_fd_number = 3 + (int)spec->n_pass_fd;
  l->block_fd_number = l->status_fd_number + 1;
  if (!l->bare && !l->bwrap)
    return error_set(
        e, ST_SANDBOX,
        "bubblewrap (bwrap) is not installed, and untrusted code only runs inside it: install the "
        "package bubblewrap, or set SHARKTANK_SANDBOX=none to do without");
  enum status s = l->bare ? build_bare_line(l, spec, bare_tmp, e) : build_bwrap_line(l, spec, e);
  if (s)
    return s;
  static char *no_env[] = {NULL};
  if (!l->envp)
    l->envp = no_env;
  if (arena_failed(&l->arena))
    return error_set(e, ST_MEMORY, "out of memory while preparing a sandbox");
  return ST_OK;
}

void sandbox_launch_fini(struct sandbox_launch *l) {
  arena_fini(&l->arena);
}
