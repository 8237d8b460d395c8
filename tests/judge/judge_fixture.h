/* Room: tests of the judge. May use judge and what it may use. Opens the fixture challenge and makes its
 * entries: the honest product with "#define VARIANT_x 1" above it. */
#ifndef SHARKTANK_TESTS_JUDGE_FIXTURE_H
#define SHARKTANK_TESTS_JUDGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base_buffer.h"
#include "judge/judge.h"

struct fixture {
  struct challenge *challenge;
  struct judge *judge;
};

/* cmocka group setup and teardown; state is a struct fixture *. */
int fixture_open(void **state);
int fixture_close(void **state);
/* The source of a variant: `defines` are lines put above. Freed by buffer_fini. */
void fixture_source(struct buffer *out, const char *defines);
/* Check of a variant; fails the test when the machinery fails. Returns owned. */
json_t *fixture_check(struct fixture *f, const char *defines);
/* A copy of the fixture's folder under /tmp, for the caller to remove: lines above its problem module and its
 * incumbent, and a text of challenge.yml (NULL: none) replaced. */
void fixture_copy(char folder[64], const char *problem, const char *entry, const char *from, const char *to);
/* Duel of two variants. */
json_t *fixture_duel(struct fixture *f, const char *a, const char *b, double alpha, double budget_s);
/* The verdict is `verdict` and the sentence contains `where`; prints the report otherwise. */
void fixture_expect(const json_t *report, const char *verdict, const char *where);

#endif
