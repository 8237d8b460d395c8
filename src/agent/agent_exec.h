/* Room: agent (private header). The parts of an agent command: its words and the folder it runs in. */
#ifndef SHARKTANK_AGENT_EXEC_H
#define SHARKTANK_AGENT_EXEC_H

#include "agent/agent_provider.h"
#include "base/base_arena.h"

/* Splits as a shell does: blanks, '...', "..." and backslashes, but no variables, patterns or operators.
 * NULL-terminated, in the arena. ST_INPUT when a quote is open or nothing is there. */
enum status agent_exec_words(const char *command, struct arena *a, char ***words, struct error *e) MUST_USE;
/* The absolute path of a program: by PATH, or below the current folder when it has a slash. NULL: none. */
const char *agent_exec_find(const char *program, struct arena *a);

/* A folder of its own for one run. */
struct agent_exec_place {
  char *root, *work, *home, *request, *answer; /* in the arena */
  char **env;
  int lock_fd; /* held while the folder is in use; agent_exec_place_remove */
};
/* Makes the folders, copies what SHARKTANK_EXEC_CREDENTIALS names and puts the environment together.
 * key_variable: the one key it gets; NULL: the usual ones. */
enum status agent_exec_place_make(const char *key_variable, struct arena *a, struct agent_exec_place *out,
                                  struct error *e) MUST_USE;
void agent_exec_place_remove(const struct agent_exec_place *place);

#endif
