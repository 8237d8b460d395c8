/* Room: tests of challenge. A copy of the challenge vector_add that a test may change and break. */
#ifndef CHALLENGE_FIXTURE_H
#define CHALLENGE_FIXTURE_H

#include "challenge/challenge_file.h"

struct fixture {
  char dir[256]; /* the copy's folder */
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
/* Replaces the first `from` in FILE of the copy by `to` and returns the line where it stood. */
int fixture_replace(const struct fixture *f, const char *file, const char *from, const char *to);
/* Puts a line in front of FILE. */
void fixture_prepend(const struct fixture *f, const char *file, const char *line);
void fixture_write(const struct fixture *f, const char *file, const char *text);
/* Opens the copy; the test fails, with the reason, when that fails. */
struct challenge *fixture_load(const struct fixture *f);
/* In a fresh copy, one replacement in FILE makes challenge_open fail with ST_INPUT in that file, at
 * the replaced line plus `below`, with `part` in the sentence. */
void fixture_refuses(const char *file, const char *from, const char *to, int below, const char *part);

#endif
