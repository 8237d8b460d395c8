/* People in a season, from the command line: a contestant, a shark and an implementer who answer with
 * commands while `run` plays; refused answers, a pause from another terminal, an answer while the season is
 * stopped. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "cli_support.h"

#define TINY ST_TEST_DIR "/fixtures/tiny"
enum { ENGINE_SECONDS = 220 };

static const char config_text[] =
    "alpha: 0.3\nconfirm_alpha: 0.3\nduel_budget_s: 0.5\nmeasure_budget_s: 0.1\nfinal: false\nrepairs: 1\n"
    "cast:\n"
    "  contestants:\n"
    "    - {name: Ann, persona: by hand, agent: \"human:ann\"}\n"
    "    - {name: Tank, agent: \"builtin:incrementalist\"}\n"
    "  sharks:\n"
    "    - {name: Sam Shark, agent: human}\n"
    "    - {name: Skeptic, agent: \"builtin:skeptic\"}\n"
    "  implementer: {name: Coder, agent: human}\n";

static const char pitch_text[] =
    "kind: optimisation\nproblem: each element is computed several times\nsolution: once will do, try %d\n"
    "impact: 2 times less work\ncomplexity: low\nrisks:\n  - {risk: few, mitigation: the check}\n"
    "evidence: counting\nrollback: the incumbent stays\nclaims: {}\n"
    "forecast: {p_compiles: 0.9, p_correct: 0.9, p_faster: 0.5, speedup: {q10: 0.9, q50: 1.1, q90: 2}}\n"
    "refuted_by: a duel\n";

struct engine {
  pid_t pid;
  char said[512]; /* its stderr */
};

static void start(struct engine *g, const char *dir, const char *const argv[]) {
  const char *bin = getenv("SHARKTANK_BIN");
  assert_non_null(bin);
  assert_int_equal(file_join(g->said, sizeof g->said, dir, "engine.txt"), 0);
  g->pid = fork();
  assert_true(g->pid >= 0);
  if (g->pid)
    return;
  (void)alarm(ENGINE_SECONDS);
  const int said = open(g->said, O_WRONLY | O_CREAT | O_APPEND, 0666), nowhere = open("/dev/null", O_WRONLY);
  if (dup2(said, 2) < 0 || dup2(nowhere, 1) < 0)
    _exit(99);
  (void)execv(bin, (char *const *)(uintptr_t)argv);
  _exit(98);
}

static void engine_fails(const struct engine *g, const char *what) {
  struct buffer b;
  buffer_init(&b);
  (void)!file_read(g->said, 1 << 20, &b, NULL);
  fail_msg("%s; the engine said:\n%s", what, buffer_str(&b));
}

static int join_engine(const struct engine *g) {
  int how = 0;
  while (waitpid(g->pid, &how, 0) != g->pid)
    assert_int_equal(errno, EINTR);
  if (!WIFEXITED(how))
    engine_fails(g, "it did not exit");
  return WEXITSTATUS(how);
}

/* 1 if somebody is asked for this; round, and what is to be filled in. */
static int asked(const char *season, const char *command, int64_t *round, char form[512]) {
  struct said s;
  int found = 0;
  RUN(&s, command, season, "--list", "--json");
  if (s.status == 0) {
    char schema[64];
    (void)snprintf(schema, sizeof schema, "sharktank.%s/1", command);
    json_t *o = must_be_json(&s, schema);
    const json_t *one = json_array_get(json_arr(o, "open"), 0);
    (void)snprintf(form, 512, "%s", json_str(one, "form", ""));
    *round = json_int(one, "round", 0);
    found = file_exists(form);
    json_decref(o);
  }
  said_free(&s);
  return found;
}

/* 1 while the engine plays, after giving it a little time to; its exit status afterwards. */
static int plays(const struct engine *g, int *status) {
  const struct timespec a_little = {.tv_nsec = 50000000};
  int how = 0;
  (void)nanosleep(&a_little, NULL);
  const pid_t pid = waitpid(g->pid, &how, WNOHANG);
  if (pid == g->pid && !WIFEXITED(how))
    engine_fails(g, "it did not exit");
  *status = WEXITSTATUS(how);
  return pid != g->pid;
}

/* Asks again and again until the question stands; ctest's time-out bounds it. form: what is to be filled in.
 */
static void await(const struct engine *g, const char *season, const char *command, int64_t round,
                  char form[512]) {
  int64_t now = 0;
  int status;
  while (!asked(season, command, &now, form) || now != round)
    if (!plays(g, &status))
      engine_fails(g, "it ended before it asked");
}

static void put(const char *path, const char *text) {
  struct error e;
  assert_int_equal(file_write_atomic(path, text, strlen(text), &e), ST_OK);
}

static void put_pitch(const char *path, const char *question, int try) {
  char text[2048];
  int n = snprintf(text, sizeof text, "question: %s\ntitle: \"Once: %d\"\n", question, try);
  (void)snprintf(text + n, sizeof text - (size_t)n, pitch_text, try);
  put(path, text);
}

/* A ballot for the pitches that the form names. */
static void put_ballot(const char *path, const char *form, const char *speedup) {
  struct buffer in, out;
  char vote[32] = "";
  buffer_init(&in);
  buffer_init(&out);
  assert_int_equal(file_read(form, 1 << 20, &in, NULL), ST_OK);
  buffer_text(&out, "reasoning: because\nscores:\n");
  const char *end = strstr(buffer_str(&in), "\nforecasts:"), *p = strstr(buffer_str(&in), "\nscores:");
  assert_true(p && end && p < end);
  while ((p = strstr(p, "\n  r")) && p < end) {
    const size_t n = strcspn(p + 3, ":");
    (void)snprintf(vote, sizeof vote, "%.*s", (int)(n < 31 ? n : 31), p + 3);
    buffer_printf(&out, "  %s:\n    speedup: %s\n    ease: 7\n    safety: 8\n    quality: 9\n", vote,
                  speedup);
    p++;
  }
  buffer_printf(&out, "vote: %s\n", vote);
  put(path, buffer_str(&out));
  buffer_fini(&in);
  buffer_fini(&out);
}

static void must_take(const char *command, const char *season, const char *file, int running) {
  struct said s;
  char schema[64];
  (void)snprintf(schema, sizeof schema, "sharktank.%s/1", command);
  if (file)
    RUN(&s, command, season, "--file", file, "--json");
  else
    RUN(&s, command, season, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, schema);
  assert_int_equal(json_bool(o, "running", !running), running);
  assert_true(json_bool(o, "handed_over", 0));
  json_decref(o);
  said_free(&s);
}

static void must_refuse(const char *command, const char *season, const char *file, const char *words) {
  struct said s;
  if (file)
    RUN(&s, command, season, "--file", file);
  else
    RUN(&s, command, season);
  must_be_one_line_error(&s, 2, words);
  said_free(&s);
}

static void must_be_state(const char *season, const char *want) {
  struct said s;
  RUN(&s, "status", season, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.status/1");
  assert_string_equal(json_str(o, "state", ""), want);
  json_decref(o);
  said_free(&s);
}

/* The challenge, with time enough for a machine that does other things as well. */
static void patient_challenge(const char *dir, char out[512]) {
  static const char *const files[] = {"challenge.yml", "knobs.yml", "problem.c", "entries/naive.c",
                                      "entries/family.c"};
  char path[600], entries[600];
  struct error e;
  (void)file_join(out, 512, dir, "tiny");
  (void)file_join(entries, sizeof entries, out, "entries");
  assert_int_equal(file_mkdirs(entries, &e), ST_OK);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    struct buffer text;
    buffer_init(&text);
    (void)file_join(path, sizeof path, TINY, files[i]);
    assert_int_equal(file_read(path, 1 << 20, &text, &e), ST_OK);
    char *at = strstr(text.data, "test_timeout: 1\n");
    assert_true(at || i > 0);
    if (at)
      at[strlen("test_timeout: ")] = '9';
    (void)file_join(path, sizeof path, out, files[i]);
    put(path, buffer_str(&text));
    buffer_fini(&text);
  }
}

/* The contestant's turn, then a pause while the shark is asked. */
static void first_half(struct engine *g, const char *dir, const char *season, const char *config) {
  const char *bin = getenv("SHARKTANK_BIN");
  char form[512], other[512], challenge[512];
  struct said s;
  patient_challenge(dir, challenge);
  start(g, dir,
        (const char *const[]){bin, "run", challenge, "--season", season, "--rounds", "2", "--config", config,
                              NULL});
  await(g, season, "pitch", 1, form);
  must_refuse("pitch", season, NULL, "round1-Ann-pitch.yml:"); /* nothing is filled in yet */
  put_pitch(form, "round1-Ann-pitch", 1);
  must_take("pitch", season, NULL, 1);
  await(g, season, "ballot", 1, form);
  RUN(&s, "pause", season, "--json");
  must_exit(&s, 0);
  json_t *o = must_be_json(&s, "sharktank.pause/1");
  assert_int_equal(json_int(o, "pid", 0), g->pid);
  json_decref(o);
  said_free(&s);
  assert_int_equal(join_engine(g), 3); /* as after Ctrl-C */
  must_be_state(season, "paused");
  RUN(&s, "pause", season);
  must_be_one_line_error(&s, 2, "not being played");
  said_free(&s);
  must_refuse("pitch", season, NULL, "round 1 is open now, and asks Sam Shark");
  (void)file_join(other, sizeof other, dir, "ballot.yml");
  put_ballot(other, form, "11");
  must_refuse("ballot", season, other, "ballot.yml:4: ");
  put_ballot(other, form, "6");
  must_take("ballot", season, other, 0); /* the season is stopped: `resume` takes it up */
}

/* The source that lies there, spoilt: it does not compile, so nothing needs to be raced, and the judge's
 * answer comes back as the next question. */
static void spoil(const char *form) {
  struct buffer source;
  buffer_init(&source);
  assert_int_equal(file_read(form, 1 << 20, &source, NULL), ST_OK);
  buffer_text(&source, "int spoilt(\n");
  put(form, buffer_str(&source));
  buffer_fini(&source);
}

/* Answers whatever is asked of the implementer until done() or the engine ends; how often. */
static int implement_all(const struct engine *g, const char *season, int (*done)(const char *season),
                         int *status) {
  char form[512];
  int64_t round = 0;
  int n = 0;
  *status = 0;
  while (plays(g, status) && !done(season))
    if (asked(season, "implement", &round, form)) {
      struct said s;
      spoil(form);
      RUN(&s, "implement", season); /* refused if it was just closed */
      n += s.status == 0;
      said_free(&s);
    }
  return n;
}

static int second_round(const char *season) {
  char form[512];
  int64_t round = 0;
  return asked(season, "pitch", &round, form) && round == 2;
}

static int never(const char *season) {
  (void)season;
  return 0;
}

static void second_half(struct engine *g, const char *dir, const char *season) {
  const char *bin = getenv("SHARKTANK_BIN");
  char form[512], file[512];
  int status = 0;
  start(g, dir, (const char *const[]){bin, "resume", season, NULL});
  await(g, season, "implement", 1, form);
  (void)file_join(file, sizeof file, dir, "entry.yml");
  put(file, "setting:\n  AGAIN: 5\n  WIDTH: 4\n  ORDER: up\n");
  must_refuse("implement", season, file, "entry.yml:2: ");
  must_refuse("implement", season, NULL, "unchanged");
  put(file, "source: |\n  int spoilt(\n");
  must_take("implement", season, file, 1);
  assert_true(implement_all(g, season, second_round, &status) > 0); /* the repair, then the runner-up */
  await(g, season, "pitch", 2, form);
  (void)file_join(file, sizeof file, dir, "pitch.yml");
  put_pitch(file, "round1-Ann-pitch", 2); /* the form of a closed question */
  must_refuse("pitch", season, file, "open is round2-Ann-pitch");
  put_pitch(file, "round2-Ann-pitch", 2);
  must_take("pitch", season, file, 1);
  await(g, season, "ballot", 2, form);
  (void)file_join(file, sizeof file, dir, "ballot.yml");
  put_ballot(file, form, "6");
  must_take("ballot", season, file, 1);
  assert_true(implement_all(g, season, never, &status) > 0);
  if (status != 0)
    engine_fails(g, "it did not end well");
}

static void test_people(void **state) {
  (void)state;
  char dir[256], season[512], config[512], path[600];
  struct engine g;
  struct said s;
  make_folder(dir);
  (void)file_join(season, sizeof season, dir, "season");
  (void)file_join(config, sizeof config, dir, "season.yml");
  put(config, config_text);
  RUN(&s, "agents", "--config", config);
  must_exit(&s, 0);
  assert_non_null(strstr(s.out, "human[:NAME]"));
  assert_null(strstr(s.out, "no such agent"));
  said_free(&s);
  first_half(&g, dir, season, config);
  second_half(&g, dir, season);
  must_be_state(season, "ended");
  RUN(&s, "status", season, "--json");
  json_t *o = must_be_json(&s, "sharktank.status/1");
  assert_int_equal(json_int(o, "rounds_played", 0), 2);
  json_decref(o);
  said_free(&s);
  must_refuse("ballot", season, NULL, "the season has ended");
  RUN(&s, "replay", season); /* what people said is in the log, as others have it */
  must_exit(&s, 0);
  said_free(&s);
  RUN(&s, "verify", season);
  must_exit(&s, 0);
  said_free(&s);
  (void)file_join(path, sizeof path, season, "inbox/closed/round2-Ann-pitch.yml");
  assert_true(file_exists(path));
  (void)file_join(path, sizeof path, season, "inbox/round2-Ann-pitch.yml");
  assert_false(file_exists(path));
  remove_folder(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_people)};
  (void)alarm(ENGINE_SECONDS);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
