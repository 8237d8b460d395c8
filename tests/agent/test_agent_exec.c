/* Tests of agent: commands as agents. What they find, what is their own, what they are kept from, and that
 * nothing of them is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/agent_exec.h"
#include "agent_server.h"
#include "base/base_clock.h"
#include "base/base_file.h"

#define MS    INT64_C(1000000)
#define TOKEN "QuietTokenOfTwentyFourLettersAndMore"

static json_t *schema;
static char folder[64]; /* $OUT of the commands, and where their folders are made */

static void run(const char *command, const struct agent_limits *l, struct agent_exchange *x) {
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits usual;
  struct error e = {0};
  char provider[2000];
  agent_server_limits(&usual);
  snprintf(provider, sizeof provider, "exec:%s", command);
  if (agent_exchange_run(provider, &p, l ? l : &usual, NULL, NULL, x, &e) != ST_OK)
    fail_msg("%s: %s", provider, e.text);
  if (agent_server_leaks(&p, x, &e, TOKEN) || agent_server_leaks(&p, x, &e, "QuietKeyWord"))
    fail_msg("%s: a secret got out", provider);
}

static void expect(const char *command, const struct agent_limits *l, const char *fault, const char *detail) {
  struct agent_exchange x;
  run(command, l, &x);
  if (strcmp(agent_fault_name(x.fault), fault) != 0 || !strstr(x.detail, detail))
    fail_msg("%s: %s (%s), not %s (%s)", command, agent_fault_name(x.fault), x.detail, fault, detail);
  agent_exchange_fini(&x);
}

/* The folders that runs leave behind. */
static int folders_left(void) {
  int n = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *d; dir && (d = readdir(dir)) != NULL;)
    n += strncmp(d->d_name, "sharktank-agent-", 16) == 0;
  closedir(dir);
  return n;
}

static void age_folders(void) {
  const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
  DIR *dir = opendir(folder);
  for (struct dirent *d; dir && (d = readdir(dir)) != NULL;)
    if (strncmp(d->d_name, "sharktank-agent-", 16) == 0)
      utimensat(dirfd(dir), d->d_name, old, 0);
  closedir(dir);
}

static void words_are_split_as_a_shell_does(void **state) {
  (void)state;
  static const struct {
    const char *command, *words[5];
  } cases[] = {{"a b\tc", {"a", "b", "c"}},
               {"  a  ", {"a"}},
               {"sh -c 'x \"y\" $z'", {"sh", "-c", "x \"y\" $z"}},
               {"\"a 'b' \\\" \\\\ \\n\" c\\ d", {"a 'b' \" \\ \\n", "c d"}},
               {"a'b'\"c\"d ''", {"abcd", ""}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct arena a;
    char **words;
    size_t n = 0;
    arena_init(&a, 0);
    assert_int_equal(agent_exec_words(cases[i].command, &a, &words, NULL), ST_OK);
    for (; cases[i].words[n]; n++)
      assert_string_equal(words[n], cases[i].words[n]);
    assert_null(words[n]);
    arena_fini(&a);
  }
  const char *wrong[] = {"", "  ", "''", "sh -c 'x", "\"a\\\""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct arena a;
    char **words;
    arena_init(&a, 0);
    assert_int_equal(agent_exec_words(wrong[i], &a, &words, NULL), ST_INPUT);
    arena_fini(&a);
  }
}

static void answers_come_by_file_or_by_output(void **state) {
  (void)state;
  expect("sh -c 'printf \"{\\\"title\\\": \\\"t\\\", \\\"score\\\": 1}\"'", NULL, "none", "");
  expect("sh -c 'echo talk; printf \"{\\\"title\\\": \\\"t\\\", \\\"score\\\": 1}\" > \"$SHARKTANK_ANSWER\"'",
         NULL, "none", "");
  /* The request is the same on standard input and in its file. */
  expect("sh -c 'cmp - \"$SHARKTANK_REQUEST\" && grep -q \"What do you pitch\" \"$SHARKTANK_REQUEST\" &&"
         " printf \"{\\\"title\\\": \\\"t\\\", \\\"score\\\": 1}\"'",
         NULL, "none", "");
  struct agent_exchange x; /* one that learns from the complaint */
  run("python3 -c 'import json, sys\nr = json.load(sys.stdin)\n"
      "print(json.dumps({\"title\": \"t\", \"score\": 1 if \"could not be used\" in r[\"ask\"] else \"x\"}))'",
      NULL, &x);
  assert_int_equal(x.fault, AGENT_FAULT_NONE);
  assert_int_equal(x.usage.attempts, 2);
  assert_int_equal(x.usage.input_tokens, -1); /* a command does not tell */
  agent_exchange_fini(&x);
  assert_int_equal(folders_left(), 0);
}

static void every_fault_has_its_name(void **state) {
  (void)state;
  struct agent_limits l;
  agent_server_limits(&l);
  l.max_answer_bytes = 100000;
  expect("sh -c 'echo first >&2; echo last words >&2; exit 3'", NULL, "failed", "exit status 3: last words");
  expect("sh -c 'kill -9 $$'", NULL, "failed", "signal 9");
  expect("no-such-program-here -p", NULL, "failed", "no-such-program-here");
  expect("/etc/passwd", NULL, "failed", "no program");
  expect("true", NULL, "empty", "");
  expect("echo nonsense", NULL, "unparseable", "");
  expect("yes", &l, "too_long", "100000");
  expect("sh -c 'head -c 200000 /dev/zero > $SHARKTANK_ANSWER'", &l, "too_long", "file");
  expect("sh -c 'ln -s /dev/zero $SHARKTANK_ANSWER'", NULL, "failed", "regular");
  l.total_ns = 200 * MS;
  expect("sleep 1000", &l, "timeout", "time");
  /* Deaf to everything but SIGKILL. */
  expect("sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1; done'", &l, "timeout", "time");
  assert_int_equal(folders_left(), 0);
}

static int is_alive(int pid) {
  char path[64];
  struct buffer b;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  buffer_init(&b);
  int alive =
      kill(pid, 0) == 0 && file_read(path, 4096, &b, NULL) == ST_OK && !strstr(buffer_str(&b), ") Z ");
  buffer_fini(&b);
  return alive;
}

/* Reads `name` below the folder: process ids, one a line. */
static int read_pids(const char *name, int *pids, int most) {
  char path[200];
  struct buffer b;
  int n = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  buffer_init(&b);
  if (file_read(path, 4096, &b, NULL) == ST_OK)
    for (char *p = b.data; p && *p && n < most; n++)
      pids[n] = (int)strtol(p, &p, 10), p += strspn(p, "\n");
  buffer_fini(&b);
  return n;
}

/* In the background, in a session of its own, orphaned, and a grandchild of that. */
#define LITTER                                                                                               \
  "sleep 1000 & echo $! >> $OUT/%s; setsid sleep 1000 & echo $! >> $OUT/%s; "                                \
  "(setsid sh -c \"sleep 1000 & echo \\$! >> $OUT/%s; sleep 1000\" &) ; "                                    \
  "while [ $(wc -l < $OUT/%s) -lt 3 ]; do sleep 0.01; done; "

static int cancel_when_littered(void *context) {
  int pids[8];
  return read_pids(context, pids, 8) >= 3;
}

/* When the command ends by itself, and when it is ended. */
static void the_whole_tree_ends(void **state) {
  (void)state;
  static char ended[] = "ended", stopped[] = "stopped";
  static const struct {
    const char *last, *fault;
    char *name;
  } cases[] = {{"true", "empty", ended}, {"sleep 1000", "cancelled", stopped}};
  for (int i = 0; i < 2; i++) {
    char command[1500];
    int pids[8];
    char *n = cases[i].name;
    struct agent_prompt p = agent_server_prompt(schema);
    struct agent_limits l;
    struct agent_exchange x;
    agent_server_limits(&l);
    snprintf(command, sizeof command, "exec:sh -c '" LITTER "%s'", n, n, n, n, cases[i].last);
    assert_int_equal(agent_exchange_run(command, &p, &l, i ? cancel_when_littered : NULL, n, &x, NULL),
                     ST_OK);
    assert_string_equal(agent_fault_name(x.fault), cases[i].fault);
    agent_exchange_fini(&x);
    assert_int_equal(read_pids(n, pids, 8), 3);
    for (int k = 0; k < 3; k++)
      assert_false(is_alive(pids[k]));
  }
}

/* The engine is killed: what it had started is gone as well. */
static void the_tree_ends_with_the_engine(void **state) {
  (void)state;
  int pids[8], n = 0, before = folders_left();
  pid_t engine = fork();
  if (engine == 0) {
    struct agent_prompt p = agent_server_prompt(schema);
    struct agent_limits l;
    struct agent_exchange x;
    char command[1500];
    agent_server_limits(&l);
    snprintf(command, sizeof command, "exec:sh -c '" LITTER "sleep 1000'", "orphans", "orphans", "orphans",
             "orphans");
    (void)!agent_exchange_run(command, &p, &l, NULL, NULL, &x, NULL);
    _exit(0);
  }
  for (int i = 0; i < 2000 && (n = read_pids("orphans", pids, 8)) < 3; i++)
    clock_sleep_ns(10 * MS);
  assert_int_equal(n, 3);
  kill(engine, SIGKILL);
  waitpid(engine, NULL, 0);
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 2000 && is_alive(pids[k]); i++)
      clock_sleep_ns(10 * MS);
    assert_false(is_alive(pids[k]));
  }
  /* Its folder is left: old enough and locked by nobody, it is removed by the next process that needs one. */
  assert_int_equal(folders_left(), before + 1);
  age_folders();
  pid_t next = fork();
  if (next == 0) {
    struct arena a;
    struct agent_exec_place place;
    arena_init(&a, 0);
    int made = agent_exec_place_make(NULL, &a, &place, NULL) == ST_OK;
    int left = folders_left();
    agent_exec_place_remove(&place);
    _exit(made && left == before + 1 ? 0 : 1);
  }
  int status = -1;
  waitpid(next, &status, 0);
  assert_int_equal(status, 0);
}

static int cancel_later(void *context) {
  return ++*(int *)context > 2;
}

static void a_command_can_be_cancelled(void **state) {
  (void)state;
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits l;
  struct agent_exchange x;
  int asked = 0;
  agent_server_limits(&l);
  assert_int_equal(agent_exchange_run("exec:sleep 1000", &p, &l, cancel_later, &asked, &x, NULL), ST_OK);
  assert_string_equal(agent_fault_name(x.fault), "cancelled");
  agent_exchange_fini(&x);
}

struct caller {
  pthread_t thread;
  struct agent_exchange x;
  enum status st;
};

static void *call(void *context) {
  struct caller *c = context;
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits l;
  agent_server_limits(&l);
  /* Takes the locks that two runs of one tool would take, and waits for the other run to have done so too. */
  c->st = agent_exchange_run(
      "exec:sh -c 'for d in HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_RUNTIME_DIR TMPDIR"
      " CLAUDE_CONFIG_DIR CODEX_HOME PWD; do eval p=\\$$d; case $p in $OUT/sharktank-agent-*/*) ;; *) echo $d >&2; exit 7;;"
      " esac; mkdir $p/lock || exit 9; done; echo $$ >> $OUT/both;"
      " while [ $(wc -l < $OUT/both) -lt 2 ]; do sleep 0.01; done;"
      " printf \"{\\\"title\\\": \\\"$HOME\\\", \\\"score\\\": 1}\"'",
      &p, &l, NULL, NULL, &c->x, NULL);
  return NULL;
}

static void two_agents_do_not_meet(void **state) {
  (void)state;
  struct caller callers[2];
  for (int i = 0; i < 2; i++)
    assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
  for (int i = 0; i < 2; i++) {
    pthread_join(callers[i].thread, NULL);
    assert_int_equal(callers[i].st, ST_OK);
    if (callers[i].x.fault != AGENT_FAULT_NONE)
      fail_msg("%s", callers[i].x.detail);
  }
  const char *home[] = {json_str(callers[0].x.answer, "title", ""),
                        json_str(callers[1].x.answer, "title", "")};
  assert_string_not_equal(home[0], home[1]);
  assert_string_not_equal(home[0], getenv("HOME"));
  assert_false(file_exists(home[0]));
  for (int i = 0; i < 2; i++)
    agent_exchange_fini(&callers[i].x);
}

static void it_sees_only_what_it_is_given(void **state) {
  (void)state;
  const char *good = "printf \"{\\\"title\\\": \\\"t\\\", \\\"score\\\": 1}\"'";
  char command[600];
  struct agent_limits l;
  agent_server_limits(&l);
  snprintf(command, sizeof command,
           "sh -c 'test -z \"$UNNAMED\" && test -n \"$OUT\" && test ! -e $HOME/.tool && %s", good);
  expect(command, NULL, "none", "");
  snprintf(command, sizeof command, "sh -c 'test -n \"$OPENAI_API_KEY$ANTHROPIC_API_KEY\" && %s", good);
  expect(command, NULL, "none", "");
  l.key_variable = "SPECIAL_KEY"; /* then that one alone */
  snprintf(command, sizeof command, "sh -c 'test -z \"$OPENAI_API_KEY\" && test -n \"$SPECIAL_KEY\" && %s",
           good);
  expect(command, &l, "none", "");
}

/* A command that prints its keys and the credentials it was lent. */
static void its_secrets_never_get_out(void **state) {
  (void)state;
  struct agent_exchange x;
  char path[200];
  snprintf(path, sizeof path, "%s/home/.tool", folder);
  assert_int_equal(file_mkdirs(path, NULL), ST_OK);
  snprintf(path, sizeof path, "%s/home/.tool/auth.json", folder);
  assert_int_equal(file_write_atomic(path, "{\"token\": \"" TOKEN "\"}", strlen(TOKEN) + 13, NULL), ST_OK);
  setenv("SHARKTANK_EXEC_CREDENTIALS", ".tool/auth.json", 1);
  run("sh -c 'grep -q "
      "Quiet $HOME/.tool/auth.json || exit 8; t=$(tr -dc A-Za-z < $HOME/.tool/auth.json | sed s/token//);"
      " echo $OPENAI_API_KEY $t >&2; printf \"{\\\"title\\\": \\\"k $OPENAI_API_KEY $t\\\", \\\"score\\\": 1}\"'",
      NULL, &x);
  assert_string_equal(agent_fault_name(x.fault), "none");
  assert_non_null(strstr(json_str(x.answer, "title", ""), "k ****"));
  assert_non_null(strstr(buffer_str(&x.response), "stderr"));
  agent_exchange_fini(&x);
  expect("sh -c 'cat $HOME/.tool/auth.json >&2; echo $OPENAI_API_KEY >&2; exit 4'", NULL, "failed",
         "exit status 4");
  struct agent_prompt p = agent_server_prompt(schema);
  struct agent_limits l;
  struct error e = {0};
  agent_server_limits(&l);
  const char *wrong[] = {"/etc/passwd", ".tool/../../x", "no/such/file"};
  for (int i = 0; i < 3; i++) {
    setenv("SHARKTANK_EXEC_CREDENTIALS", wrong[i], 1);
    assert_int_not_equal(agent_exchange_run("exec:true", &p, &l, NULL, NULL, &x, &e), ST_OK);
    agent_exchange_fini(&x);
  }
  unsetenv("SHARKTANK_EXEC_CREDENTIALS");
  assert_int_equal(folders_left(), 0);
}

static void what_looks_like_a_key_is_hidden(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } cases[] = {
      {"key sk-ant-api03-AbCdEfGhIjKlMnOp1 end", "key ****************************** end"},
      {"Authorization: Bearer abcdefghij0123456789x", "Authorization: ****************************"},
      {"http://me:pass@proxy/", "http://me:****@proxy/"},
      {"risk-averse-sk-entry and sk-something-without-digits",
       "risk-averse-sk-entry and sk-something-without-digits"},
      {"basic nvfp4_group_gemm", "basic nvfp4_group_gemm"},
      {"sk-short1", "sk-short1"},
      {"", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[200];
    snprintf(text, sizeof text, "%s", cases[i].text);
    agent_redact(text, strlen(text));
    assert_string_equal(text, cases[i].wanted);
  }
  char odd[] = "a \"quo\\\"ted\\\\key\" and quo\"ted\\key and shortie";
  agent_secret_remember("quo\"ted\\key");
  agent_secret_remember("shortie"); /* seven bytes: an ordinary word */
  agent_redact(odd, strlen(odd));
  assert_string_equal(odd, "a \"*************\" and *********** and shortie");
  agent_redact(NULL, 0);
  agent_secret_remember("QuietAndLongKeyWord");
  char cut[] = "cut: QuietAndLongKe| no: QuietAndLon| {\"x\":\"\\nsk-abcdefghij0123456789\"}";
  agent_redact(cut, strlen(cut)); /* a text that ended within a key; a line of JSON that begins with one */
  assert_string_equal(cut, "cut: **************| no: QuietAndLon| {\"x\":\"\\n***********************\"}");
}

static int start(void **state) {
  (void)state;
  schema = agent_server_schema();
  snprintf(folder, sizeof folder, "/tmp/sharktank-test-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  char home[100];
  snprintf(home, sizeof home, "%s/home", folder);
  setenv("HOME", home, 1);
  setenv("TMPDIR", folder, 1);
  setenv("OUT", folder, 1);
  setenv("UNNAMED", "1", 1);
  setenv("SHARKTANK_EXEC_ENV", "OUT", 1);
  setenv("OPENAI_API_KEY", "QuietKeyWord", 1);
  setenv("SPECIAL_KEY", "QuietKeyWordToo", 1);
  unsetenv("ANTHROPIC_API_KEY");
  unsetenv("SHARKTANK_EXEC_CREDENTIALS");
  return file_mkdirs(home, NULL) == ST_OK ? 0 : -1;
}

static int stop(void **state) {
  (void)state;
  json_decref(schema);
  return file_remove_tree(folder, NULL) == ST_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      /* First: once this process has run a command, its children no longer look for what was left. */
      cmocka_unit_test(the_tree_ends_with_the_engine),
      cmocka_unit_test(words_are_split_as_a_shell_does),
      cmocka_unit_test(answers_come_by_file_or_by_output),
      cmocka_unit_test(every_fault_has_its_name),
      cmocka_unit_test(the_whole_tree_ends),
      cmocka_unit_test(a_command_can_be_cancelled),
      cmocka_unit_test(two_agents_do_not_meet),
      cmocka_unit_test(it_sees_only_what_it_is_given),
      cmocka_unit_test(its_secrets_never_get_out),
      cmocka_unit_test(what_looks_like_a_key_is_hidden),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
