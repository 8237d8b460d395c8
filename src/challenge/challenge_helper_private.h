/* Room: challenge, private to challenge_helper.c, challenge_module.c, challenge_plan.c and
 * challenge_prepare.c: the engine's end of a problem module's process. */
#ifndef SHARKTANK_CHALLENGE_HELPER_PRIVATE_H
#define SHARKTANK_CHALLENGE_HELPER_PRIVATE_H

#include "challenge/challenge_helper.h"
#include "challenge/challenge_wire.h"
#include "sandbox/sandbox_run.h"

/* A memfd that only grows, mapped here for reading. */
struct challenge_memory {
  int fd;
  uint8_t *map;
  uint64_t bytes;
};

struct challenge_helper {
  const struct challenge *c;
  struct sandbox_process process;
  int started;
  int socket; /* our end; -1 when ended */
  struct wire_control *control;
  int control_fd;
  struct challenge_memory pool, reference;
  int64_t timeout_ns;
  size_t n_families;
  char family[WIRE_MAX_FAMILIES][WIRE_NAME_BYTES];
  struct error ended;    /* status ST_OK while the helper lives */
  const void **pointers; /* what challenge_prepare handed out: values, then tolerances */
};

/* challenge_module.c: the compiled module as a readable memfd (close it). */
enum status challenge_module_open(const struct challenge *c, int *fd, struct error *e) MUST_USE;

/* challenge_helper.c: one request and its answer. `doing` completes "while ..." in an error. */
enum status challenge_ask(struct challenge_helper *h, struct wire_request *q, const char *doing,
                          struct wire_answer *a, struct error *e) MUST_USE;
/* Writes a case where the helper reads it and begins a request about it. */
enum status challenge_ask_case(struct challenge_helper *h, uint32_t n_problems, uint32_t n_sizes,
                               const int64_t *sizes, enum wire_op op, struct wire_request *q,
                               struct error *e) MUST_USE;
/* ST_INPUT in the name of the problem module. */
enum status challenge_module_bad(const struct challenge *c, struct error *e, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum status challenge_memory_open(struct challenge_memory *m, const char *name, struct error *e) MUST_USE;
enum status challenge_memory_grow(struct challenge_memory *m, uint64_t bytes, struct error *e) MUST_USE;
void challenge_memory_close(struct challenge_memory *m);

/* challenge_compare.c: the enum sk_type of a name in challenge.yml ("e2m1x2"); 0 when there is none. */
uint32_t challenge_type_of(const char *name);

#endif
