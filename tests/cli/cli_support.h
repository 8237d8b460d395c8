/* Runs the built binary ($SHARKTANK_BIN) and keeps what it said, for the tests of the command line. */
#ifndef CLI_SUPPORT_H
#define CLI_SUPPORT_H

#include "base/base_json.h"

struct said {
  char *out, *err; /* owned, terminated */
  int status;      /* exit status; 128 + n for a signal */
};

/* Runs `sharktank` with the arguments (NULL-terminated). cwd: NULL for this one. env: NAME=VALUE pairs set
 * in the child, NULL-terminated, or NULL. Ends it after two minutes. */
void run_in(struct said *s, const char *cwd, const char *const env[], const char *const argv[]);
#define RUN(s, ...) run_in((s), NULL, NULL, (const char *const[]){__VA_ARGS__, NULL})
void said_free(struct said *s);

/* Checks of one call: the exit status; exactly one line on stderr and nothing on stdout. */
void must_exit(const struct said *s, int status);
void must_be_one_line_error(const struct said *s, int status, const char *words);
/* stdout as one JSON object with that schema; a new reference. */
json_t *must_be_json(const struct said *s, const char *schema);
/* A new empty folder, removed by remove_folder. */
void make_folder(char out[256]);
void remove_folder(const char *path);
/* A fixture's path: "tiny", "tiny/entries/naive.c". */
const char *fixture(const char *name, char out[512]);

#endif
