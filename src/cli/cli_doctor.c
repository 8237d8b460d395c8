/* Room cli: the command `doctor`: what this machine can do. Starts compilers only to ask their version. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "base/base_machine.h"
#include "challenge/challenge_install.h"
#include "challenge/challenge_peak.h"
#include "cli/cli.h"
#include "cli/cli_calibrate.h"
#include "sandbox/sandbox_run.h"

extern char **environ;

#define VERSION_TIMEOUT_NS 5000000000LL

/* Reads the first line of fd into out, waiting no longer than the time-out. */
static void read_line(int fd, char *out, size_t bytes) {
  const int64_t end = clock_mono_ns() + VERSION_TIMEOUT_NS;
  size_t used = 0;
  out[0] = 0;
  while (used + 1 < bytes && !strchr(out, '\n')) {
    struct pollfd p = {fd, POLLIN, 0};
    const int64_t left = (end - clock_mono_ns()) / 1000000;
    if (left <= 0 || poll(&p, 1, (int)left) <= 0)
      break;
    const ssize_t n = read(fd, out + used, bytes - 1 - used);
    if (n <= 0)
      break;
    used += (size_t)n;
    out[used] = 0;
  }
  out[strcspn(out, "\n")] = 0;
}

/* 1 and the first line of `name --version`, or 0 when the program cannot be started. */
static int program_version(const char *name, char *out, size_t bytes) {
  char *const argv[] = {(char *)(uintptr_t)name, (char *)(uintptr_t) "--version", NULL};
  int ends[2];
  pid_t pid;
  posix_spawn_file_actions_t actions;
  out[0] = 0;
  if (pipe2(ends, O_CLOEXEC))
    return 0;
  if (posix_spawn_file_actions_init(&actions)) {
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
  }
  int failed = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) ||
               posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  failed = failed || posix_spawnp(&pid, name, &actions, NULL, argv, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)close(ends[1]);
  if (!failed) {
    int how = 0;
    read_line(ends[0], out, bytes);
    (void)kill(pid, SIGKILL); /* the line is all that is wanted of it */
    (void)waitpid(pid, &how, 0);
  }
  (void)close(ends[0]);
  return !failed && out[0];
}

static json_t *compilers(int *usable) {
  json_t *list = json_array();
  const char *wish = getenv("SHARKTANK_CC");
  if (!wish || !*wish)
    wish = getenv("CC");
  const char *const names[] = {wish && *wish ? wish : "gcc", "gcc", "clang", "nvcc"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char version[256];
    if (i == 1 && !strcmp(names[0], "gcc"))
      continue;
    const int found = program_version(names[i], version, sizeof version);
    json_t *one = json_object();
    json_put_str(one, "name", names[i]);
    json_put_bool(one, "found", found);
    json_put_str(one, "version", found ? version : NULL);
    json_put_bool(one, "used", i == 0);
    (void)json_array_append_new(list, one);
    if (i == 0)
      *usable = found;
  }
  return list;
}

/* Names only: a key's value is nobody's business. */
static json_t *keys(void) {
  static const char *const names[] = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY",  "GEMINI_API_KEY",
                                      "GOOGLE_API_KEY",    "MISTRAL_API_KEY", "OPENROUTER_API_KEY"};
  json_t *list = json_array();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    json_t *one = json_object();
    json_put_str(one, "name", names[i]);
    json_put_bool(one, "present", value && *value);
    (void)json_array_append_new(list, one);
  }
  return list;
}

static json_t *gpus(void) {
  json_t *list = json_array();
  for (int i = 0; i < 16; i++) {
    char path[32];
    (void)snprintf(path, sizeof path, "/dev/nvidia%d", i);
    if (file_exists(path))
      (void)json_array_append_new(list, json_string(path));
  }
  return list;
}

static void add_problem(json_t *problems, const char *text) {
  (void)json_array_append_new(problems, json_clean_string(text, strlen(text)));
}

/* The helper programs and headers this build needs at run time. */
static void check_parts(json_t *problems) {
  static const struct {
    enum challenge_install kind;
    const char *leaf;
  } parts[] = {{CHALLENGE_INSTALL_INCLUDE, "sharktank/entry.h"},
               {CHALLENGE_INSTALL_LIBEXEC, "sharktank-problem"},
               {CHALLENGE_INSTALL_LIBEXEC, "sharktank-runner"},
               {CHALLENGE_INSTALL_LIBEXEC, "sharktank-confine"},
               {CHALLENGE_INSTALL_LIB, "libnvfp4.a"}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    struct error e;
    char path[4096];
    memset(&e, 0, sizeof e);
    if (challenge_install_path(parts[i].kind, parts[i].leaf, path, sizeof path, &e) != ST_OK)
      add_problem(problems, e.text);
  }
}

static json_t *examine(void) {
  json_t *o = json_object(), *problems = json_array(), *sandbox = json_object();
  struct challenge_peaks peaks;
  struct error e;
  int compiler = 0;
  memset(&e, 0, sizeof e);
  json_put_str(o, "schema", "sharktank.doctor/1");
  json_put_str(o, "version", ST_VERSION);
  (void)json_object_set_new(o, "machine", machine_facts_json());
  (void)json_object_set_new(o, "compilers", compilers(&compiler));
  if (!compiler)
    add_problem(problems,
                "no C compiler: entries cannot be compiled (install gcc, or name one in SHARKTANK_CC)");
  json_t *layers = sandbox_layers();
  (void)json_object_set_new(sandbox, "layers", layers);
  json_put_bool(sandbox, "complete", sandbox_complete());
  (void)json_object_set_new(o, "sandbox", sandbox);
  for (size_t i = 0; i < json_array_size(layers); i++) {
    const json_t *one = json_array_get(layers, i);
    const char *name = json_str(one, "layer", "");
    if (!strcmp(name, "bubblewrap") && !json_bool(one, "active", 0)) {
      add_problem(problems, "bubblewrap does not work here: entries cannot be run apart from this machine");
    }
  }
  const enum status st = challenge_peaks_measure(0, &peaks, &e);
  (void)json_object_set_new(o, "peaks", st == ST_OK ? challenge_peaks_json(&peaks) : json_null());
  if (st != ST_OK)
    add_problem(problems, e.text);
  (void)json_object_set_new(o, "calibration", cli_calibration());
  check_parts(problems);
  (void)json_object_set_new(o, "gpus", gpus());
  (void)json_object_set_new(o, "keys", keys());
  json_put_bool(o, "ready", !json_array_size(problems));
  (void)json_object_set_new(o, "problems", problems);
  return o;
}

static void print_machine(const json_t *o) {
  const json_t *facts = json_obj(o, "machine");
  const char *key;
  json_t *value;
  cli_out("processor     %s\n", json_str(facts, "cpu", "not known"));
  cli_out("kernel        %s\n", json_str(facts, "kernel", "not known"));
  double cores;
  if (json_has_num(facts, "cores", &cores))
    cli_out("cores         %.0f that this may use\n", cores);
  cli_out("instructions ");
  json_object_foreach((json_t *)(uintptr_t)facts, key, value) {
    double has;
    if (!strncmp(key, "has_", 4) && json_has_num(facts, key, &has) && has > 0)
      cli_out(" %s", key + 4);
  }
  cli_out("\n");
}

/* "bf16_dot_mac_per_s" -> "bf16 dot" in GMAC/s; other names as they are. */
static void print_peak(const char *key, const json_t *value) {
  static const struct {
    const char *tail, *unit;
  } units[] = {{"_mac_per_s", "GMAC/s"}, {"_bytes_per_s", "GB/s"}};
  char name[64];
  (void)snprintf(name, sizeof name, "%s", key);
  const char *unit = NULL;
  for (size_t i = 0; i < 2 && !unit; i++) {
    const size_t n = strlen(name), m = strlen(units[i].tail);
    if (n <= m || strcmp(name + n - m, units[i].tail) != 0)
      continue;
    name[n - m] = 0;
    unit = units[i].unit;
  }
  for (char *s = name; *s; s++) {
    if (*s == '_')
      *s = ' ';
  }
  if (!json_is_number(value))
    cli_out("peak          %s: not measured\n", name);
  else
    cli_out("peak          %s: %.4g %s\n", name, json_number_value(value) / (unit ? 1e9 : 1),
            unit ? unit : "");
}

static void print_peaks(const json_t *o) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)json_obj(o, "peaks"), key, value) {
    if (json_is_number(value) || json_is_null(value))
      print_peak(key, value);
  }
}

static void print_human(const json_t *o) {
  cli_out("sharktank %s\n", json_str(o, "version", "?"));
  print_machine(o);
  const json_t *list = json_arr(o, "compilers");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    cli_out("compiler      %s: %s%s\n", json_str(one, "name", "?"), json_str(one, "version", "not found"),
            json_bool(one, "used", 0) ? " (used for entries)" : "");
  }
  list = json_arr(json_obj(o, "sandbox"), "layers");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    const char *why = json_str(one, "why", NULL);
    cli_out("sandbox       %s: %s%s%s\n", json_str(one, "layer", "?"),
            json_bool(one, "active", 0) ? "active" : "missing", why && *why ? ", " : "", why ? why : "");
  }
  print_peaks(o);
  cli_calibration_print(json_obj(o, "calibration"));
  cli_out("gpus          %zu found; entries run on the CPU only (cuda and sim are not built yet)\n",
          json_array_size(json_arr(o, "gpus")));
  list = json_arr(o, "keys");
  cli_out("keys         ");
  size_t present = 0;
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!json_bool(json_array_get(list, i), "present", 0))
      continue;
    cli_out(" %s", json_str(json_array_get(list, i), "name", "?"));
    present++;
  }
  cli_out("%s\n", present ? "" : " none present (the built-in tank needs none)");
  list = json_arr(o, "problems");
  for (size_t i = 0; i < json_array_size(list); i++)
    cli_out("problem       %s\n", json_string_value(json_array_get(list, i)));
  cli_out("%s\n", json_bool(o, "ready", 0) ? "ready: a season can be played here"
                                           : "not ready: see the problems above");
}

static int run(const struct cli_call *c) {
  if (cli_given(c, "--calibrate"))
    return cli_calibrate(c);
  if (cli_given(c, "--fresh") || cli_given(c, "--budget"))
    return cli_wrong("--budget and --fresh belong to --calibrate");
  json_t *o = examine();
  const int status = json_bool(o, "ready", 0) ? CLI_DONE : CLI_MACHINERY;
  if (cli_given(c, "--json"))
    return cli_json(o, status);
  print_human(o);
  json_decref(o);
  return cli_finish(status);
}

static const struct cli_option options[] = {
    {"--json", NULL, "one object, schema sharktank.doctor/1 or sharktank.calibrate/1 (docs/json.md)", NULL},
    {"--calibrate", NULL, "measures the margin of this machine's duels, and keeps it for 30 days", NULL},
    {"--budget", "S", "with --calibrate: seconds (default 240); a later call goes on", NULL},
    {"--fresh", NULL, "with --calibrate: forget what earlier calls measured", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_doctor = {
    "doctor",
    "[--json] [--calibrate [--budget S] [--fresh]]",
    "what this machine can do",
    "Compilers, instruction sets, sandbox layers, cores, measured peaks, GPUs, and which keys are present\n"
    "(their names, never their values).\n\n"
    "--calibrate races builds of one program that differ only in names, padding and the order of functions,\n"
    "and keeps the difference that 95 % of such duels stay below: the margin delta of this machine's duels\n"
    "(0.5 % at least, and until 20 duels were raced). Leave the machine alone while it runs.\n\n"
    "Exit status: 0 a season can be played here; 3 something it needs is missing.\n",
    0,
    0,
    options,
    run};
