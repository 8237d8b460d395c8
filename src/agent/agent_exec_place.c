/* Room: agent. The folder that an agent command runs in, and the environment it sees.
 *
 * Its own: the working folder, HOME, everything of XDG, TMPDIR, CLAUDE_CONFIG_DIR and CODEX_HOME, all below a
 * new folder that only this user may enter, so two runs share no lock, no history and no cache.
 * It gets: PATH, the language, the proxies and certificates, and the keys that these tools read; in addition
 * what SHARKTANK_EXEC_ENV names (variables, joined by commas).
 * It does not get: any other variable, and no file of the user's HOME but those that
 * SHARKTANK_EXEC_CREDENTIALS names (paths below HOME, joined by colons), each copied to the same place
 * below its own HOME. Nothing is copied back. The folder is removed when the command has ended; what an
 * engine that was killed left behind, the next one removes. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent_exec.h"
#include "base/base_file.h"
#include "base/base_log.h"

enum { ENV_MAX = 128, CREDENTIAL_MAX = 1 << 20, TOKEN_MIN = 24, YOUNG_S = 60 };
#define FOLDER "sharktank-agent-"

static const char *const passed[] = {"PATH",
                                     "LANG",
                                     "LANGUAGE",
                                     "LC_ALL",
                                     "LC_CTYPE",
                                     "TZ",
                                     "TERM",
                                     "USER",
                                     "LOGNAME",
                                     "SHELL",
                                     "http_proxy",
                                     "https_proxy",
                                     "HTTP_PROXY",
                                     "HTTPS_PROXY",
                                     "all_proxy",
                                     "ALL_PROXY",
                                     "no_proxy",
                                     "NO_PROXY",
                                     "SSL_CERT_FILE",
                                     "SSL_CERT_DIR",
                                     "CURL_CA_BUNDLE",
                                     "NODE_EXTRA_CA_CERTS",
                                     "REQUESTS_CA_BUNDLE",
                                     "ANTHROPIC_BASE_URL",
                                     "OPENAI_BASE_URL",
                                     NULL};
static const char *const keys[] = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN",
                                   "OPENAI_API_KEY",    "CODEX_API_KEY",        NULL};

/* What is set to a folder of its own: the variable and its place below the root. */
static const struct {
  const char *variable, *path;
} own[] = {{"HOME", "home"},
           {"XDG_CONFIG_HOME", "home/.config"},
           {"XDG_CACHE_HOME", "home/.cache"},
           {"XDG_DATA_HOME", "home/.local/share"},
           {"XDG_STATE_HOME", "home/.local/state"},
           {"XDG_RUNTIME_DIR", "run"},
           {"TMPDIR", "tmp"},
           {"TMP", "tmp"},
           {"TEMP", "tmp"},
           {"CLAUDE_CONFIG_DIR", "home/.claude"},
           {"CODEX_HOME", "home/.codex"}};
enum { N_OWN = sizeof own / sizeof *own };

struct environment {
  struct arena *arena;
  char **list;
  size_t n;
};

static int has(const struct environment *v, const char *name, size_t bytes) {
  for (size_t i = 0; i < v->n; i++)
    if (strncmp(v->list[i], name, bytes) == 0 && v->list[i][bytes] == '=')
      return 1;
  return 0;
}

static void set(struct environment *v, const char *name, const char *value) {
  if (v->n < ENV_MAX)
    v->list[v->n++] = arena_printf(v->arena, "%s=%s", name, value);
}

/* The first to set a variable wins, so nothing replaces what is its own. */
static void pass(struct environment *v, const char *name, int secret) {
  const char *value = getenv(name);
  if (!value || arena_failed(v->arena) || has(v, name, strlen(name)))
    return;
  if (secret)
    agent_secret_remember(value);
  set(v, name, value);
}

static int sounds_secret(const char *name) {
  static const char *const parts[] = {"KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CREDENTIAL"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strcasestr(name, parts[i]))
      return 1;
  return 0;
}

static void pass_named(struct environment *v) {
  const char *p = getenv("SHARKTANK_EXEC_ENV");
  while (p && *p) {
    size_t n = strcspn(p, ",");
    const char *name = arena_strndup(v->arena, p, n);
    if (name && *name)
      pass(v, name, sounds_secret(name));
    p += n + (p[n] == ',');
  }
}

static enum status make_environment(const char *key_variable, struct arena *a, struct agent_exec_place *out,
                                    struct error *e) {
  struct environment v = {.arena = a, .list = arena_array(a, ENV_MAX + 1, sizeof *v.list)};
  if (!v.list)
    return error_set(e, ST_MEMORY, "out of memory for an agent's environment");
  for (size_t i = 0; i < N_OWN; i++) {
    const char *path = arena_printf(a, "%s/%s", out->root, own[i].path);
    if (path)
      set(&v, own[i].variable, path);
  }
  set(&v, "SHARKTANK_REQUEST", out->request);
  set(&v, "SHARKTANK_ANSWER", out->answer);
  for (size_t i = 0; passed[i]; i++)
    pass(&v, passed[i], 0);
  if (key_variable && *key_variable)
    pass(&v, key_variable, 1);
  else
    for (size_t i = 0; keys[i]; i++)
      pass(&v, keys[i], 1);
  pass_named(&v);
  if (!has(&v, "PATH", 4))
    set(&v, "PATH", "/usr/local/bin:/usr/bin:/bin");
  out->env = v.list;
  return arena_failed(a) ? error_set(e, ST_MEMORY, "out of memory for an agent's environment") : ST_OK;
}

/* Whatever in a file of credentials is long and without blanks may be a token. */
static void remember_tokens(char *text) {
  for (char *p = text; *p;) {
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || (p[n] && strchr("_-.+/=", p[n])))
      n++;
    char kept = p[n];
    p[n] = 0;
    if (n >= TOKEN_MIN)
      agent_secret_remember(p);
    p[n] = kept;
    p += n + (kept != 0);
  }
}

static enum status copy_credential(const char *from, const char *below, const struct agent_exec_place *place,
                                   struct arena *a, struct error *e) {
  struct buffer data;
  const char *to = arena_printf(a, "%s/%s", place->home, below);
  char *folder = arena_strdup(a, to);
  char *slash = folder ? strrchr(folder, '/') : NULL;
  if (!slash)
    return error_set(e, ST_MEMORY, "out of memory for a copy of %s", from);
  *slash = 0;
  buffer_init(&data);
  enum status st = file_read(from, CREDENTIAL_MAX, &data, e);
  if (st == ST_OK && data.data)
    remember_tokens(data.data);
  if (st == ST_OK)
    st = file_mkdirs(folder, e);
  if (st == ST_OK)
    st = file_write_atomic(to, buffer_str(&data), data.bytes, e);
  if (st == ST_OK && chmod(to, 0600))
    st = error_set(e, ST_IO, "the rights of a copy of %s could not be set", from);
  if (data.data)
    explicit_bzero(data.data, data.bytes);
  buffer_fini(&data);
  return st;
}

static enum status copy_credentials(const struct agent_exec_place *place, struct arena *a, struct error *e) {
  const char *p = getenv("SHARKTANK_EXEC_CREDENTIALS"), *home = getenv("HOME");
  enum status st = ST_OK;
  size_t home_bytes = home ? strlen(home) : 0;
  while (st == ST_OK && p && *p) {
    size_t n = strcspn(p, ":");
    const char *path = arena_strndup(a, p, n), *below = path;
    p += n + (p[n] == ':');
    if (!path || !*path)
      continue;
    if (home_bytes && strncmp(path, home, home_bytes) == 0 && path[home_bytes] == '/')
      below = path + home_bytes + 1;
    else if (strncmp(path, "~/", 2) == 0)
      below = path + 2;
    if (!home_bytes || *below == '/' || strstr(below, ".."))
      return error_set(e, ST_INPUT, "SHARKTANK_EXEC_CREDENTIALS names %.200s, which is not below HOME", path);
    const char *from = arena_printf(a, "%s/%s", home, below);
    st = from ? copy_credential(from, below, place, a, e)
              : error_set(e, ST_MEMORY, "out of memory for a copy of %s", path);
  }
  return st;
}

static const char *temporary(void) {
  const char *tmp = getenv("TMPDIR");
  return tmp && tmp[0] == '/' ? tmp : "/tmp";
}

/* Removes folders of ours that nobody holds a lock on. A young one may be about to be locked. */
static void sweep(void) {
  DIR *dir = opendir(temporary());
  for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
    char path[4096];
    struct stat st;
    if (strncmp(d->d_name, FOLDER, strlen(FOLDER)) != 0 ||
        file_join(path, sizeof path, temporary(), d->d_name))
      continue;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
      continue;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && st.st_mtime + YOUNG_S < time(NULL) &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
      (void)!file_remove_tree(path, NULL);
    close(fd);
  }
  if (dir)
    closedir(dir);
}

static enum status make_folders(struct arena *a, struct agent_exec_place *out, struct error *e) {
  static pthread_once_t swept = PTHREAD_ONCE_INIT;
  pthread_once(&swept, sweep);
  char *root = arena_printf(a, "%s/" FOLDER "XXXXXX", temporary());
  if (!root || !mkdtemp(root))
    return error_set(e, ST_IO, "no folder for an agent command can be made in %s", temporary());
  out->lock_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (out->lock_fd >= 0)
    (void)!flock(out->lock_fd, LOCK_EX | LOCK_NB);
  out->root = root;
  out->work = arena_printf(a, "%s/work", root);
  out->home = arena_printf(a, "%s/home", root);
  out->request = arena_printf(a, "%s/work/request.json", root);
  out->answer = arena_printf(a, "%s/work/answer.json", root);
  if (arena_failed(a))
    return error_set(e, ST_MEMORY, "out of memory for an agent's folder");
  enum status st = file_mkdirs(out->work, e);
  for (size_t i = 0; st == ST_OK && i < N_OWN; i++) {
    const char *path = arena_printf(a, "%s/%s", root, own[i].path);
    st = path ? file_mkdirs(path, e) : error_set(e, ST_MEMORY, "out of memory for an agent's folder");
    if (st == ST_OK && chmod(path, 0700))
      st = error_set(e, ST_IO, "the rights of %s could not be set", path);
  }
  return st;
}

enum status agent_exec_place_make(const char *key_variable, struct arena *a, struct agent_exec_place *out,
                                  struct error *e) {
  *out = (struct agent_exec_place){.lock_fd = -1};
  enum status st = make_folders(a, out, e);
  if (st == ST_OK)
    st = copy_credentials(out, a, e);
  if (st == ST_OK)
    st = make_environment(key_variable, a, out, e);
  return st;
}

void agent_exec_place_remove(const struct agent_exec_place *place) {
  struct error e = {0};
  if (place->root && file_remove_tree(place->root, &e) != ST_OK)
    log_line(LOG_WARN, "the folder of an agent command stays: %s", e.text);
  if (place->lock_fd >= 0)
    close(place->lock_fd);
}
