/* Tests of room season: seasons of the fake world, replayed. */
#ifndef SEASON_REPLAYED_H
#define SEASON_REPLAYED_H

#include "season_fake.h"

/* Plays on in the fake world; kills this process after so many appends or in that call of the world (0: not).
 */
enum status replayed_play(const char *dir, int64_t appends, int64_t call);
/* Plays on and is asked to stop in that call. */
enum status replayed_pause(const char *dir, int64_t call);
/* The report of a replay with the fake world's agents as the built-in ones. The test fails on an error, and
 * when a socket is opened or a process started. */
json_t *replayed(const char *dir);
/* Fails with the first difference unless there is none. */
void replayed_same(const json_t *report);
/* Both. */
void replayed_ok(const char *dir);

struct store;
/* Changes an event if it is the one; 1: changed. Blobs may be put into the store. */
typedef int (*replayed_forger)(struct event *ev, struct store *to);
/* The same season in a new folder, with the first event changed that `change` wants to, and every hash made
 * anew. The changed event's seq, 0: none was. */
int64_t replayed_forge(const char *dir, replayed_forger change, char out[256]);

#endif
