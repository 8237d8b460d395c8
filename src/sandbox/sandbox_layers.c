/* Room: sandbox. May use base. Which layers hold here: each is tried, not assumed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/base_file.h"
#include "sandbox/sandbox_cgroup.h"
#include "sandbox/sandbox_landlock.h"
#include "sandbox/sandbox_launch.h"

enum { BUBBLEWRAP, UNPRIVILEGED, RLIMITS, SECCOMP, LANDLOCK, CGROUP, N_LAYERS };

struct layer {
  const char *name;
  int active;
  char why[400];
};

static void probe_namespaces(struct layer *l) {
  const char *const argv[] = {"/bin/true", NULL};
  struct sandbox_spec spec = {.argv = argv, .out_fd = -1, .err_fd = -1, .cpu = -1};
  struct buffer output;
  buffer_init(&output);
  struct sandbox_result result;
  struct error e = {0};
  enum status s = sandbox_run(&spec, INT64_C(20000000000), 4096, &output, &result, &e);
  if (s)
    snprintf(l->why, sizeof l->why, "%.380s", e.text);
  else if (result.timed_out || !result.exited || result.exit_status)
    snprintf(l->why, sizeof l->why, "bubblewrap ran /bin/true and failed: %.300s", buffer_str(&output));
  else
    l->active = 1;
  buffer_fini(&output);
}

static void probe_seccomp(struct layer *l) {
  struct buffer actions;
  buffer_init(&actions);
  if (!file_read("/proc/sys/kernel/seccomp/actions_avail", 4096, &actions, NULL) &&
      strstr(buffer_str(&actions), "trap") && strstr(buffer_str(&actions), "errno"))
    l->active = 1;
  else if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
    l->active = 1;
  else
    snprintf(l->why, sizeof l->why, "this kernel has no seccomp filters");
  buffer_fini(&actions);
}

static void probe_landlock(struct layer *l) {
  l->active = sandbox_landlock_works();
  if (!l->active)
    snprintf(l->why, sizeof l->why, "%s",
             errno == EOPNOTSUPP ? "this kernel has Landlock but was started without it (lsm=)"
                                 : "this kernel has no Landlock");
}

static void probe_cgroup(struct layer *l) {
  char parent[300], path[320];
  if (!sandbox_cgroup_find(parent, sizeof parent, l->why, sizeof l->why))
    return;
  int fd = sandbox_cgroup_create(parent, UINT64_C(1) << 30, 64, path, sizeof path);
  if (fd < 0) {
    snprintf(l->why, sizeof l->why, "no cgroup can be made in %.200s: %s", parent, strerror(errno));
    return;
  }
  close(fd);
  sandbox_cgroup_remove(path);
  l->active = 1;
}

static void probe(struct layer layer[N_LAYERS]) {
  static const char *const name[N_LAYERS] = {"bubblewrap", "unprivileged", "rlimits",
                                             "seccomp",    "landlock",     "cgroup"};
  for (int i = 0; i < N_LAYERS; i++)
    layer[i] = (struct layer){.name = name[i]};
  if (sandbox_is_waived())
    snprintf(layer[BUBBLEWRAP].why, sizeof layer[0].why, "switched off by SHARKTANK_SANDBOX=none");
  else
    probe_namespaces(&layer[BUBBLEWRAP]);
  layer[UNPRIVILEGED].active = geteuid() != 0 || layer[BUBBLEWRAP].active;
  if (!layer[UNPRIVILEGED].active)
    snprintf(layer[UNPRIVILEGED].why, sizeof layer[0].why,
             "programs run as root: rights are only dropped together with bubblewrap");
  layer[RLIMITS].active = 1; /* set or starting fails */
  probe_seccomp(&layer[SECCOMP]);
  probe_landlock(&layer[LANDLOCK]);
  probe_cgroup(&layer[CGROUP]);
}

json_t *sandbox_layers(void) {
  struct layer layer[N_LAYERS];
  probe(layer);
  json_t *list = json_array();
  for (int i = 0; i < N_LAYERS; i++) {
    json_t *item = json_object();
    json_put_str(item, "layer", layer[i].name);
    json_put_bool(item, "active", layer[i].active);
    json_put_str(item, "why", layer[i].active ? NULL : layer[i].why);
    json_array_append_new(list, item);
  }
  return list;
}

int sandbox_complete(void) {
  struct layer layer[N_LAYERS];
  probe(layer);
  int complete = 1;
  for (int i = 0; i < N_LAYERS; i++)
    complete &= layer[i].active;
  return complete;
}
