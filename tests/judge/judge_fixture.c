/* Room: tests of the judge. See the header. */
#include "judge_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"

int fixture_open(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  struct error e = {0};
  char text[1024];
  if (!f)
    return -1;
  *state = f;
  if (challenge_open(ST_TEST_DIR "/fixtures/gemm", &f->challenge, &e) ||
      judge_open(f->challenge, NULL, &f->judge, &e)) {
    error_format(&e, text, sizeof text);
    fprintf(stderr, "the fixture cannot be opened: %s\n", text);
    return -1;
  }
  return 0;
}

int fixture_close(void **state) {
  struct fixture *f = *state;
  judge_close(f->judge);
  challenge_close(f->challenge);
  free(f);
  return 0;
}

void fixture_source(struct buffer *out, const char *defines) {
  struct error e = {0};
  buffer_init(out);
  buffer_printf(out, "%s\n#line 1 \"entry.c\"\n", defines);
  if (file_read(ST_TEST_DIR "/fixtures/gemm/honest.c", 1 << 20, out, &e))
    fail_msg("%s", e.text);
}

json_t *fixture_check(struct fixture *f, const char *defines) {
  struct buffer source;
  struct error e = {0};
  json_t *report = NULL;
  fixture_source(&source, defines);
  enum status s = judge_check(f->judge, source.data, source.bytes, &report, &e);
  buffer_fini(&source);
  if (s)
    fail_msg("check of \"%s\": %s: %s", defines, status_name(s), e.text);
  return report;
}

json_t *fixture_duel(struct fixture *f, const char *a, const char *b, double alpha, double budget_s) {
  struct buffer source[2];
  struct error e = {0};
  json_t *report = NULL;
  struct judge_duel_options o;
  judge_duel_defaults(&o);
  o.alpha = alpha;
  o.budget_s = budget_s;
  fixture_source(&source[0], a);
  fixture_source(&source[1], b);
  enum status s =
      judge_duel(f->judge, source[0].data, source[0].bytes, source[1].data, source[1].bytes, &o, &report, &e);
  buffer_fini(&source[0]);
  buffer_fini(&source[1]);
  if (s)
    fail_msg("duel of \"%s\" and \"%s\": %s: %s", a, b, status_name(s), e.text);
  return report;
}

void fixture_expect(const json_t *report, const char *verdict, const char *where) {
  const char *got = json_str(report, "verdict", "(none)"), *sentence = json_str(report, "where", "");
  if (strcmp(got, verdict) != 0 || (where && !strstr(sentence, where))) {
    char *text = json_pretty(report);
    fprintf(stderr, "%s\n", text);
    free(text);
    fail_msg("verdict \"%s\" (%s), expected \"%s\" with \"%s\"", got, sentence, verdict, where ? where : "");
  }
}

static void copy_file(const char *folder, const char *name, const char *above, const char *from,
                      const char *to) {
  char path[256];
  struct buffer text, out;
  struct error e = {0};
  buffer_init(&text);
  buffer_init(&out);
  snprintf(path, sizeof path, ST_TEST_DIR "/fixtures/gemm/%s", name);
  if (file_read(path, 1 << 20, &text, &e))
    fail_msg("%s", e.text);
  buffer_text(&out, above);
  const char *all = buffer_str(&text), *at = from ? strstr(all, from) : NULL;
  if (from && !at)
    fail_msg("%s has no \"%s\"", name, from);
  if (at) {
    buffer_add(&out, all, (size_t)(at - all));
    buffer_text(&out, to);
    buffer_text(&out, at + strlen(from));
  } else {
    buffer_text(&out, all);
  }
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (file_write_atomic(path, buffer_str(&out), out.bytes, &e))
    fail_msg("%s", e.text);
  buffer_fini(&text);
  buffer_fini(&out);
}

void fixture_copy(char folder[64], const char *problem, const char *entry, const char *from, const char *to) {
  snprintf(folder, 64, "/tmp/sharktank-judge-XXXXXX");
  assert_non_null(mkdtemp(folder));
  copy_file(folder, "problem.c", problem, NULL, NULL);
  copy_file(folder, "honest.c", entry, NULL, NULL);
  copy_file(folder, "challenge.yml", "", from, to);
}
