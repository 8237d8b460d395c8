/* Room: tests/agent. People: the form of every answer, what is read out of it and which line is to blame; the
 * desk against whatever lies in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_ask.h"
#include "agent/agent_human.h"
#include "agent/agent_schema.h"
#include "agent_fixture.h"
#include "base/base_file.h"

struct form {
  json_t *request, *schema;
  struct buffer text;
  struct arena arena;
  struct yaml_doc doc;
};

static void form_make(struct form *f, const char *ask) {
  struct error e = {.text = ""};
  f->request = fixture_request(ask, "Ann");
  if (strcmp(ask, "ballot") == 0)
    json_object_set_new(f->request, "pitches",
                        json_pack("[{s:s,s:{s:s}},{s:s,s:{s:s}}]", "id", "r1.p1", "pitch", "title", "one",
                                  "id", "r1.p2", "pitch", "title", "two"));
  assert_int_equal(agent_schema_make(f->request, &f->schema, &e), ST_OK);
  buffer_init(&f->text);
  arena_init(&f->arena, 0);
  agent_form_write(f->schema, "round1-Ann-x", "A head.\nOf two lines.", &f->text);
}

static void form_free(struct form *f) {
  json_decref(f->request);
  json_decref(f->schema);
  buffer_fini(&f->text);
  arena_fini(&f->arena);
}

/* Replaces the first `from` behind the first `after` in the form's text. */
static void fill(struct form *f, const char *after, const char *from, const char *to) {
  char *text = buffer_take(&f->text), *at = strstr(text, after);
  at = at != NULL ? strstr(at, from) : NULL;
  if (at == NULL)
    fail_msg("no \"%s\" after \"%s\" in\n%s", from, after, text);
  buffer_add(&f->text, text, (size_t)(at - text));
  buffer_text(&f->text, to);
  buffer_text(&f->text, at + strlen(from));
  free(text);
}

static enum status form_read(struct form *f, json_t **answer, struct error *e) {
  json_t *given = NULL;
  enum status st = yaml_read_text(buffer_str(&f->text), f->text.bytes, "f.yml", &f->arena, &f->doc, e);
  *answer = NULL;
  if (st == ST_OK)
    st = agent_form_read(&f->doc, f->schema, "round1-Ann-x", &given, e);
  if (st == ST_OK)
    st = agent_form_check(&f->doc, "f.yml", f->request, f->schema, given, answer, e);
  json_decref(given);
  return st;
}

/* The line, from 1, in which the first `text` of the form begins. */
static int line_of(const struct form *f, const char *text) {
  const char *p = strstr(buffer_str(&f->text), text);
  int line = 1;
  assert_non_null(p);
  for (const char *q = buffer_str(&f->text); q < p; q++)
    line += *q == '\n';
  return line;
}

static void must_fail(struct form *f, const char *at, const char *words) {
  struct error e = {.text = ""};
  json_t *answer;
  assert_int_equal(form_read(f, &answer, &e), ST_INPUT);
  if (strstr(e.text, words) == NULL || e.line != line_of(f, at) || strcmp(e.file, "f.yml") != 0)
    fail_msg("%s:%d: %s; wanted \"%s\" in line %d", e.file, e.line, e.text, words, line_of(f, at));
}

static void fill_pitch(struct form *f) {
  fill(f, "title:", "\"\"", "\"A: title, with a colon\"");
  fill(f, "\nkind:", ":", ": optimisation");
  fill(f, "\nproblem: |\n", "|\n", "|\n  two\n  lines\n");
  fill(f, "\ncomplexity:", ":", ": low");
  fill(f, "- risk: |\n", "|\n", "|\n      a risk\n");
  fill(f, "  p_compiles:", ":", ": 0.9");
  fill(f, "  p_correct:", ":", ": 0.8");
  fill(f, "  p_faster:", ":", ": 0.5");
  fill(f, "  q10:", ":", ": 1");
  fill(f, "  q50:", ":", ": 1.1");
  fill(f, "  q90:", ":", ": 1.2");
  fill(f, "  threads:", ":", ": 1");
  fill(f, "  compile_s:", ":", ": 2");
  fill(f, "  first_call_s:", ":", ": 0.1");
  fill(f, "  workspace_bytes:", ":", ": 0");
}

static void test_pitch(void **state) {
  (void)state;
  struct form f;
  struct error e = {.text = ""};
  json_t *answer;
  form_make(&f, "pitch");
  assert_non_null(strstr(buffer_str(&f.text), "# A head.\n# Of two lines.\n"));
  must_fail(&f, "\nkind:" + 1, "/pitch/kind"); /* nothing filled in: the first word that is missing */
  fill_pitch(&f);
  if (form_read(&f, &answer, &e) != ST_OK)
    fail_msg("%s:%d: %s\n%s", e.file, e.line, e.text, buffer_str(&f.text));
  const json_t *p = json_obj(answer, "pitch");
  assert_string_equal(json_str(p, "title", ""), "A: title, with a colon");
  assert_string_equal(json_str(p, "problem", ""), "two\nlines");
  assert_string_equal(json_str(p, "rollback", "?"), "");
  assert_null(json_object_get(p, "setting")); /* left empty: not said */
  assert_null(json_object_get(p, "analysis"));
  assert_int_equal(json_object_size(json_obj(json_obj(p, "claims"), "predicted")), 0);
  assert_int_equal(json_array_size(json_arr(p, "risks")), 1);
  json_decref(answer);
  fill(&f, "  MR:", ":", ": 2");           /* a setting with one value */
  must_fail(&f, "  ISA:", "/setting/ISA"); /* the others are missing, this one first */
  form_free(&f);
}

static void test_lines(void **state) {
  (void)state;
  struct form f;
  form_make(&f, "pitch");
  fill_pitch(&f);
  fill(&f, "  p_correct: 0.8", "0.8", "1.8"); /* found by the protocol's check, not by the schema */
  must_fail(&f, "p_correct: 1.8", "between 0 and 1");
  fill(&f, "  p_correct: 1.8", "1.8", "high");
  must_fail(&f, "p_correct: high", "p_correct");
  fill(&f, "p_correct: high", "p_correct: high", "p_corect: 1");
  must_fail(&f, "p_corect: 1", "did you mean `p_correct`");
  fill(&f, "question: ", "round1-Ann-x", "round7-Ann-x");
  must_fail(&f, "question: round7", "round7-Ann-x");
  form_free(&f);
}

static void test_ballot(void **state) {
  (void)state;
  struct form f;
  struct error e = {.text = ""};
  json_t *answer;
  form_make(&f, "ballot");
  fill(&f, "reasoning: |\n", "|\n", "|\n  because\n");
  fill(&f, "  r1.p2:", "speedup:", "speedup: 4");
  fill(&f, "  r1.p2:", "ease:", "ease: 4.5");
  fill(&f, "ease: 4.5", "safety:", "safety: # one of four is missing");
  must_fail(&f, "safety: #", "/scores/r1.p2/safety");
  form_free(&f);
  form_make(&f, "ballot");
  fill(&f, "reasoning: |\n", "|\n", "|\n  because\n");
  fill(&f, "  r1.p2:", "speedup:", "speedup: 4");
  fill(&f, "  r1.p2:", "ease:", "ease: 4.5");
  fill(&f, "  r1.p2:", "safety:", "safety: 11");
  fill(&f, "  r1.p2:", "quality:", "quality: 3");
  fill(&f, "\nvote:", ":", ": r1.p2");
  must_fail(&f, "safety: 11", "between 0 and 10");
  fill(&f, "safety: 11", "11", "1");
  must_fail(&f, "scores:", "lacks pitch r1.p1");
  fill(&f, "abstain:", "- pitch:", "- pitch: r1.p1");
  fill(&f, "abstain:", "reason: |\n", "reason: |\n      my own\n");
  if (form_read(&f, &answer, &e) != ST_OK)
    fail_msg("%s:%d: %s\n%s", e.file, e.line, e.text, buffer_str(&f.text));
  const json_t *b = json_obj(answer, "ballot");
  assert_int_equal(json_object_size(json_obj(b, "scores")), 1);
  assert_int_equal(json_array_size(json_arr(b, "veto")), 0); /* its empty item is none */
  assert_int_equal(json_array_size(json_arr(b, "concerns")), 0);
  assert_string_equal(json_str(b, "vote", ""), "r1.p2");
  json_decref(answer);
  form_free(&f);
}

static void test_entry(void **state) {
  (void)state;
  struct form f;
  struct error e = {.text = ""};
  json_t *answer;
  form_make(&f, "entry");
  must_fail(&f, "question:", "none of setting, edits and source");
  fill(&f, "\nsource: |\n", "|\n", "|\n  int x;\n");
  assert_int_equal(form_read(&f, &answer, &e), ST_OK);
  assert_string_equal(json_str(json_obj(answer, "entry"), "source", ""), "int x;\n"); /* its line end stays */
  json_decref(answer);
  /* The form of the protocol, with the key around it, in JSON. */
  buffer_clear(&f.text);
  buffer_text(&f.text, "{\"entry\": {\n \"source\": 3.5}}\n");
  assert_int_equal(form_read(&f, &answer, &e), ST_OK); /* text stays text */
  assert_string_equal(json_str(json_obj(answer, "entry"), "source", ""), "3.5");
  json_decref(answer);
  buffer_clear(&f.text);
  buffer_text(&f.text, "{\"entry\": {\n \"setting\": {\"NOT\": 1}}}\n");
  must_fail(&f, " \"setting\"", "unknown key `NOT`");
  form_free(&f);
}

/* Whatever a description says stays in its comment. */
static void test_hostile_descriptions(void **state) {
  (void)state;
  static const char *const hostile[] = {
      "a\ntitle: stolen",        "a\xe2\x80\xa8title: stolen", "a\xc2\x85title: stolen", "a\rtitle: stolen",
      "\x1b[2J\x1b]0;title\x07", "\xef\xbb\xbftitle: stolen",  "\xe2\x80\xaetitle"};
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    struct buffer text;
    struct arena arena;
    struct yaml_doc d;
    struct error e = {.text = ""};
    json_t *schema =
        json_pack("{s:s,s:{s:{s:s,s:{s:{s:s,s:s}}}}}", "type", "object", "properties", "pitch", "type",
                  "object", "properties", "name", "type", "number", "description", hostile[i]);
    assert_non_null(schema);
    buffer_init(&text);
    arena_init(&arena, 0);
    agent_form_write(schema, "q", hostile[i], &text);
    if (yaml_read_text(buffer_str(&text), text.bytes, "f", &arena, &d, &e) != ST_OK)
      fail_msg("%zu: %s\n%s", i, e.text, buffer_str(&text));
    assert_int_equal(d.root->count, 2); /* question and name, and nothing else */
    assert_null(yaml_get(d.root, "title"));
    assert_null(strchr(buffer_str(&text), '\x1b'));
    json_decref(schema);
    buffer_fini(&text);
    arena_fini(&arena);
  }
}

/* ------------------------------------------------------------------ the desk */

static void make_dir(char out[128]) {
  snprintf(out, 128, "%s/sharktank-desk-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  assert_non_null(mkdtemp(out));
}

static int only_kept(void *context, const char *stem) {
  return strcmp(stem, context) == 0;
}

static void test_desk(void **state) {
  (void)state;
  char dir[128], path[256], name[256];
  struct buffer text;
  struct stat st;
  int fd;
  make_dir(dir);
  buffer_init(&text);
  assert_int_equal(file_join(path, sizeof path, dir, "inbox"), 0);
  assert_int_equal(agent_desk_open(path, 0, &fd, NULL), ST_NOT_FOUND);
  assert_int_equal(agent_desk_open(path, 1, &fd, NULL), ST_OK);
  assert_int_equal(agent_desk_put(fd, "round1-a-pitch.yml", "mine", 4, 1, NULL), ST_OK);
  assert_int_equal(agent_desk_put(fd, "round1-a-pitch.yml", "new", 3, 1, NULL), ST_OK); /* kept */
  assert_int_equal(agent_desk_get(fd, "round1-a-pitch.yml", 100, &text, NULL), ST_OK);
  assert_string_equal(buffer_str(&text), "mine");
  assert_int_equal(agent_desk_put(fd, "round1-a-pitch.yml", "new", 3, 0, NULL), ST_OK);
  buffer_clear(&text);
  assert_int_equal(agent_desk_get(fd, "round1-a-pitch.yml", 2, &text, NULL), ST_RANGE);
  assert_int_equal(agent_desk_get(fd, "nothing", 2, &text, NULL), ST_NOT_FOUND);
  /* A link, a pipe and a folder are nobody's answer; what a link points to is neither read nor written. */
  assert_int_equal(symlinkat("/etc/hostname", fd, "round1-b-pitch.answer.json"), 0);
  assert_int_equal(agent_desk_get(fd, "round1-b-pitch.answer.json", 1000, &text, NULL), ST_INPUT);
  assert_int_equal(mkfifoat(fd, "pipe", 0600), 0);
  assert_int_equal(agent_desk_get(fd, "pipe", 1000, &text, NULL), ST_INPUT);
  assert_int_equal(agent_desk_get(fd, ".", 1000, &text, NULL), ST_INPUT);
  assert_int_equal(symlinkat("outside", fd, "round1-b-pitch.yml"), 0);
  assert_int_equal(agent_desk_put(fd, "round1-b-pitch.yml", "x", 1, 1, NULL), ST_OK);
  assert_int_equal(fstatat(fd, "outside", &st, 0), -1);
  assert_int_equal(agent_desk_put(fd, "round1-b-pitch.yml", "x", 1, 0, NULL), ST_OK);
  assert_int_equal(fstatat(fd, "round1-b-pitch.yml", &st, AT_SYMLINK_NOFOLLOW), 0);
  assert_true(S_ISREG(st.st_mode));
  /* Closed questions go; open ones and other people's files stay. */
  assert_int_equal(agent_desk_put(fd, "notes.md", "x", 1, 0, NULL), ST_OK);
  char open_one[] = "round1-a-pitch";
  agent_desk_tidy(path, only_kept, open_one);
  assert_int_equal(fstatat(fd, "round1-a-pitch.yml", &st, 0), 0);
  assert_int_equal(fstatat(fd, "notes.md", &st, 0), 0);
  assert_int_equal(fstatat(fd, "round1-b-pitch.yml", &st, 0), -1);
  assert_int_equal(fstatat(fd, "closed/round1-b-pitch.yml", &st, 0), 0);
  assert_int_equal(fstatat(fd, "closed/round1-b-pitch.answer.json", &st, AT_SYMLINK_NOFOLLOW), 0);
  assert_int_equal(agent_desk_name("a/b", ".md", name), -1);
  assert_int_equal(agent_desk_name("..", ".md", name), -1);
  (void)close(fd);
  /* The folder itself may be a link somebody laid. */
  assert_int_equal(file_remove_tree(path, NULL), ST_OK);
  assert_int_equal(symlink("/tmp", path), 0);
  assert_int_not_equal(agent_desk_open(path, 1, &fd, NULL), ST_OK);
  assert_int_equal(file_remove_tree(dir, NULL), ST_OK);
  buffer_fini(&text);
}

static void test_names(void **state) {
  (void)state;
  struct error e;
  assert_int_equal(agent_provider_check("human", "pitch", &e), ST_OK);
  assert_int_equal(agent_provider_check("human:ann", "entry", &e), ST_OK);
  assert_int_equal(agent_provider_check("human:", "pitch", &e), ST_INPUT);
  assert_int_equal(agent_provider_check("human:a/b", "pitch", &e), ST_INPUT);
  assert_int_equal(agent_provider_check("humanoid", "pitch", &e), ST_INPUT);
  assert_int_equal(agent_exchange_knows("human"), 1);
  assert_int_equal(agent_exchange_knows("humans"), 0);
  assert_string_equal(agent_person_label("human:ann"), "ann");
  assert_string_equal(agent_person_label("human"), "");
}

/* Outside a season there is no desk, and that is a fault with a name. */
static void test_nowhere(void **state) {
  (void)state;
  struct agent_ask_options o;
  struct agent_asked r;
  struct error e = {.text = ""};
  json_t *request = fixture_request("pitch", "Ann");
  agent_ask_defaults(&o);
  assert_int_equal(agent_ask("human", request, &o, &r, &e), ST_OK);
  assert_int_equal(r.fault, AGENT_FAULT_UNREACHABLE);
  agent_asked_fini(&r);
  json_decref(request);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pitch),
                                     cmocka_unit_test(test_lines),
                                     cmocka_unit_test(test_ballot),
                                     cmocka_unit_test(test_entry),
                                     cmocka_unit_test(test_hostile_descriptions),
                                     cmocka_unit_test(test_desk),
                                     cmocka_unit_test(test_names),
                                     cmocka_unit_test(test_nowhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
