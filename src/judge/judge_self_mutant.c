/* Room: judge. May use challenge, base. Entries that are wrong in one way each, judged like any entry.
 *
 * A mutant is C: the challenge's incumbent with its sk_entry_run renamed, and behind it the text of
 * templates/judge/mutants.c, which calls it and spoils what it is given or what it computes. So a mutant goes
 * through all that a real entry goes through: compiler, sandbox, two processes, families, hidden shapes,
 * tolerances. The simplest ones need no incumbent. */
#include <string.h>

#include "base/base_file.h"
#include "challenge/challenge_install.h"
#include "judge/judge_self.h"

#define TEMPLATE "templates/judge/mutants.c"
enum { TEMPLATE_LIMIT = 1 << 20, NAME_BYTES = 96 };

enum needs { NEEDS_NOTHING, NEEDS_INCUMBENT, NEEDS_FACT };

struct mutant {
  const char *name, *text;
  enum needs needs;
  const char *why_not; /* NEEDS_FACT: what is missing where it does not apply */
};

static const struct mutant simple[] = {
    {"nothing", "writes nothing", NEEDS_NOTHING, NULL},
    {"zeros", "writes zeros", NEEDS_NOTHING, NULL},
    {"constant", "writes ones", NEEDS_NOTHING, NULL},
    {"copy", "copies its first input", NEEDS_NOTHING, NULL},
    {"tail", "leaves the last 5 % of its outputs unwritten", NEEDS_INCUMBENT, NULL},
    {"one_wrong", "has one wrong element in its last output", NEEDS_INCUMBENT, NULL},
    {"stale", "gives the first result of a shape again", NEEDS_INCUMBENT, NULL},
    {"first_shape", "is right for the first test shape only", NEEDS_FACT, "all tests have the same shape"},
    {"known_shapes", "is right for the shapes of the challenge's file only", NEEDS_FACT,
     "hardly any other shape near them is legal"},
    {"narrow", "is right for inputs made of the bytes that the task's hold", NEEDS_FACT,
     "no wider family holds other bytes"},
    {"groups_swapped", "swaps the outputs of the first two groups", NEEDS_FACT, "no test has two groups"},
    {"ends_swapped", "swaps the first and the last slab of its outputs (rows, or members of a batch)",
     NEEDS_FACT, "no output has two slabs"},
    {"transposed", "writes its outputs transposed", NEEDS_FACT, "no output is a matrix"},
    {"nan_for_infinity", "writes NaN for infinity", NEEDS_FACT, "no reference is infinite"},
    {"finite_for_infinity", "writes the largest number for infinity", NEEDS_FACT, "no reference is infinite"},
};

static int applies(const struct self *s, const char *name) {
  const struct {
    const char *name;
    int fact;
  } known[] = {{"first_shape", s->has_sizes},
               {"known_shapes", s->has_hidden},
               {"narrow", s->has_narrow},
               {"groups_swapped", s->has_groups},
               {"ends_swapped", s->has_ends},
               {"transposed", s->has_matrix},
               {"nan_for_infinity", s->has_infinity},
               {"finite_for_infinity", s->has_infinity}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(known[i].name, name) == 0)
      return known[i].fact;
  return 1;
}

/* ---- Sources --------------------------------------------------------------------------------------- */

static void add_shapes(const struct self *s, struct buffer *b, const struct challenge_shape *shape,
                       size_t n) {
  for (size_t i = 0; i < n; i++) {
    buffer_printf(b, "  %u,", shape[i].n_problems);
    for (size_t k = 0; k < shape[i].n_problems * s->j->challenge->n_sizes; k++)
      buffer_printf(b, " %lld,", (long long)shape[i].sizes[k]);
    buffer_text(b, "\n");
  }
}

/* What the text counts on for some mutants. which: the size that is halved, the input that is ignored. */
static void add_tables(const struct self *s, struct buffer *b, const char *name, uint32_t which) {
  const struct challenge *c = s->j->challenge;
  if (strcmp(name, "ignore") == 0)
    buffer_printf(b, "#define MUTANT_INPUT %u\n", which);
  if (strcmp(name, "half") == 0) {
    buffer_text(b, "static const unsigned mutant_halved[][2] = {\n");
    for (uint32_t in = 0; in < c->n_in && in < SELF_MAX_INPUTS; in++)
      for (uint32_t axis = 0; axis < 6; axis++)
        if (s->grows[which][in] >> axis & 1)
          buffer_printf(b, "  {%u, %u},\n", in, axis);
    buffer_text(b, "};\n");
  }
  if (strcmp(name, "first_shape") == 0 || strcmp(name, "known_shapes") == 0) {
    buffer_text(b, "static const int64_t mutant_known[] = {\n");
    if (strcmp(name, "first_shape") == 0) {
      add_shapes(s, b, c->test, 1);
    } else {
      add_shapes(s, b, c->test, c->n_tests);
      add_shapes(s, b, c->benchmark, c->n_benchmarks);
      add_shapes(s, b, c->full, c->n_full);
    }
    buffer_text(b, "  0};\n");
  }
  if (strcmp(name, "narrow") == 0) {
    buffer_printf(b, "static const unsigned char mutant_seen[%zu][32] = {\n", c->n_in);
    for (uint32_t in = 0; in < c->n_in && in < SELF_MAX_INPUTS; in++) {
      buffer_text(b, "  {");
      for (int i = 0; i < 32; i++)
        buffer_printf(b, "%u,", s->seen[in][i]);
      buffer_text(b, "},\n");
    }
    buffer_text(b, "};\n");
  }
}

static void write_source(const struct self *s, struct buffer *b, const struct buffer *text, const char *name,
                         uint32_t which, int with_incumbent) {
  if (with_incumbent) {
    /* before anything that it may include or define itself */
    buffer_text(b, "#define sk_entry_run sk_mutant_original\n#line 1 \"incumbent.c\"\n");
    buffer_add(b, s->incumbent.data, s->incumbent.bytes);
    buffer_text(b, "\n#undef sk_entry_run\n");
  } else {
    buffer_text(b, "#include <sharktank/entry.h>\nconst uint32_t sk_entry_abi = SK_ABI;\n");
  }
  buffer_printf(b, "#define MUTANT_%s 1\n", name);
  add_tables(s, b, name, which);
  buffer_text(b, "#line 1 \"mutants.c\"\n");
  buffer_add(b, text->data, text->bytes);
}

/* ---- Judging ---------------------------------------------------------------------------------------- */

static void copy_field(json_t *to, const json_t *from, const char *key) {
  const char *text = json_str(from, key, NULL);
  json_put_str(to, key, text);
}

static json_t *new_mutant(struct self *s, const char *name, const char *text) {
  json_t *one = json_object();
  json_put_str(one, "mutant", name);
  json_put_str(one, "kind", "entry");
  json_put_str(one, "text", text);
  json_array_append_new(s->mutants, one);
  return one;
}

static void skip_mutant(struct self *s, const char *name, const char *text, const char *verdict,
                        const char *why) {
  json_t *one = new_mutant(s, name, text);
  json_put_str(one, "verdict", verdict);
  json_put_str(one, "by", NULL);
  json_put_str(one, "where", why);
}

/* A mutant counts as caught when its results were found to be wrong, and by nothing else. */
static void add_verdict(struct self *s, const char *name, const char *text, const json_t *check) {
  const char *by = json_str(check, "verdict", "?"), *where = json_str(check, "where", "");
  int caught = strcmp(by, "wrong") == 0 || strcmp(by, "race") == 0, passed = strcmp(by, "pass") == 0;
  json_t *one = new_mutant(s, name, text);
  json_put_str(one, "verdict", caught ? "caught" : passed ? "passed" : "not judged");
  json_put_str(one, "by", by);
  copy_field(one, check, "where");
  copy_field(one, check, "shape");
  copy_field(one, check, "family");
  json_put_num(one, "seconds", json_num(check, "seconds", -1));
  if (passed)
    self_refuse(s, "an entry passes that %s (%s)", text, name);
  else if (!caught)
    self_refuse(s, "the mutant %s could not be judged: %s: %.300s", name, by, where);
}

static enum status judge_mutant(struct self *s, const struct buffer *text, const char *name,
                                const char *define, const char *meaning, uint32_t which, int with_incumbent,
                                struct error *e) {
  struct buffer source;
  json_t *report = NULL;
  buffer_init(&source);
  write_source(s, &source, text, define, which, with_incumbent);
  enum status st = buffer_failed(&source) ? error_set(e, ST_MEMORY, "out of memory while making a mutant")
                                          : judge_check(s->j, source.data, source.bytes, &report, e);
  buffer_fini(&source);
  if (!st)
    add_verdict(s, name, meaning, report);
  json_decref(report);
  return st;
}

struct mutants {
  struct self *s;
  struct buffer text;
  int with_incumbent; /* there is one, and it passed */
  uint32_t done, all;
};

static enum status run_one(struct mutants *m, const char *name, const char *define, const char *meaning,
                           uint32_t which, int alone, struct error *e) {
  if (m->s->only && strcmp(m->s->only, name) != 0)
    return ST_OK;
  enum status st = self_go_on(m->s, (double)m->done++ / m->all, e, "the mutant %s", name);
  if (st)
    return st;
  if (!alone && !m->with_incumbent) {
    skip_mutant(m->s, name, meaning, "not judged", "there is no incumbent that passes to make it of");
    return ST_OK;
  }
  return judge_mutant(m->s, &m->text, name, define, meaning, which, !alone, e);
}

static enum status run_simple(struct mutants *m, struct error *e) {
  enum status st = ST_OK;
  for (size_t i = 0; i < sizeof simple / sizeof simple[0] && !st; i++) {
    const struct mutant *one = &simple[i];
    if (one->needs == NEEDS_FACT && !applies(m->s, one->name))
      skip_mutant(m->s, one->name, one->text, "does not apply", one->why_not);
    else
      st = run_one(m, one->name, one->name, one->text, 0, one->needs == NEEDS_NOTHING, e);
  }
  return st;
}

/* Half of each size that is summed over, and each input by itself. */
static enum status run_parts(struct mutants *m, struct error *e) {
  const struct challenge *c = m->s->j->challenge;
  char name[NAME_BYTES], text[NAME_BYTES];
  enum status st = ST_OK;
  int any = 0;
  for (uint32_t i = 0; i < c->n_sizes && i < SELF_MAX_SIZES && !st; i++) {
    if (!m->s->reduced[i])
      continue;
    any = 1;
    snprintf(name, sizeof name, "half:%.48s", c->size_name[i]);
    snprintf(text, sizeof text, "ignores half of %.48s", c->size_name[i]);
    st = run_one(m, name, "half", text, i, 0, e);
  }
  if (!any)
    skip_mutant(m->s, "half", "ignores half of a reduction", "does not apply",
                "every size of the inputs is one of the outputs too");
  for (uint32_t i = 0; i < c->n_in && i < SELF_MAX_INPUTS && !st; i++) {
    snprintf(name, sizeof name, "ignore:%.48s", c->in[i].name);
    snprintf(text, sizeof text, "takes input %.48s for zeros", c->in[i].name);
    st = run_one(m, name, "ignore", text, i, 0, e);
  }
  return st;
}

static enum status read_template(struct buffer *out, struct error *e) {
  char folder[480], path[560];
  enum status st = challenge_install_path(CHALLENGE_INSTALL_DATA, TEMPLATE, folder, sizeof folder, e);
  if (!st && file_join(path, sizeof path, folder, TEMPLATE))
    return error_set(e, ST_RANGE, "the path of %s is too long", TEMPLATE);
  return st ? st : file_read(path, TEMPLATE_LIMIT, out, e);
}

enum status self_check_mutants(struct self *s, struct error *e) {
  const struct challenge *c = s->j->challenge;
  struct mutants m = {.s = s, .with_incumbent = s->incumbent.bytes > 0 && !s->first.kind};
  m.all = (uint32_t)(sizeof simple / sizeof simple[0] + c->n_sizes + c->n_in);
  buffer_init(&m.text);
  enum status st = read_template(&m.text, e);
  if (!st)
    st = run_simple(&m, e);
  if (!st)
    st = run_parts(&m, e);
  buffer_fini(&m.text);
  return st;
}
