/* What agents are told: the frozen context of a round and the requests made from it. Pure but for the
 * incumbent's source, which the caller reads from its blob. Thread safe. */
#ifndef SHARKTANK_SEASON_CONTEXT_H
#define SHARKTANK_SEASON_CONTEXT_H

#include "base/base_json.h"
#include "record/record_fold.h"

/* The context of the current round, as agent.h documents it; a new object. */
json_t *season_context(const struct record_state *state, const struct record_round *round, const char *source,
                       size_t source_bytes);
/* Parts of it; new arrays or objects (season_history.c, season_records.c). */
json_t *season_measurements(const struct record_state *state);
json_t *season_history(const struct record_state *state);
json_t *season_refuted(const struct record_state *state);
json_t *season_records(const struct record_state *state);

/* Requests. context is borrowed (its reference count is raised). New objects. */
json_t *season_pitch_request(const struct record_state *state, const struct record_round *round,
                             const char *who, json_t *context);
/* Blind: no author, only the parts that the protocol names. */
json_t *season_ballot_request(const struct record_state *state, const struct record_round *round,
                              const char *shark, json_t *context);
json_t *season_entry_request(const struct record_state *state, const struct record_round *round,
                             const char *pitch, int64_t attempt, json_t *context);
/* The member of the cast that a request of this role and name goes to; borrowed, may be NULL. */
const json_t *season_member(const struct record_state *state, const struct record_round *round,
                            const char *role, const char *who, const char *pitch);

#endif
