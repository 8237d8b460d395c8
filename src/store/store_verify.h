/* Is a season folder what was written? The hash chain of its log, the content of its blobs, what is missing
 * and what nothing refers to. Reads only, also beside a running engine and on a read-only folder.
 *
 * What a chain cannot show: that events are missing from its end (compare the hash of the last event with
 * one noted earlier), and a log written anew as a whole (season_replay.h finds what was decided otherwise).
 *
 * Thread safety: one thread at a time per call.
 */
#ifndef SHARKTANK_STORE_VERIFY_H
#define SHARKTANK_STORE_VERIFY_H

#include "base/base_json.h"
#include "base/base_status.h"

struct store_verify_watch {
  void *context;
  /* what is read now ("events", "blobs"), share done in [0,1]; may be NULL */
  void (*progress)(void *context, const char *what, double done);
  int (*cancelled)(void *context); /* may be NULL */
};

/* *report: a new object, what `sharktank verify --json` prints (docs/json.md), with the verdict "whole" or
 * "damaged". watch may be NULL. ST_NOT_FOUND and ST_INPUT: dir is no season of a version that can be read;
 * ST_INTERRUPTED: cancelled. Damage is no error. */
enum status store_verify(const char *dir, const struct store_verify_watch *watch, json_t **report,
                         struct error *e) MUST_USE;

#endif
