/* Which blobs the events of a log refer to (private to this room). Thread safety: one thread per set. */
#ifndef SHARKTANK_STORE_REFS_H
#define SHARKTANK_STORE_REFS_H

#include "record/record_event.h"

struct store_ref {
  char name[HASH_HEX_BYTES];
  int64_t seq; /* of the first event that has it */
  int needed;  /* 1: a field that names a blob; 0: any text of 64 hex digits, which may be another hash */
};
struct store_refs {
  struct store_ref *ref; /* sorted by name once store_refs_sort was called */
  size_t count, capacity;
  int failed;
};

void store_refs_init(struct store_refs *r);
void store_refs_fini(struct store_refs *r);
/* Adds what an event refers to. */
void store_refs_add(struct store_refs *r, const struct event *ev);
/* Sorts, and keeps one of each name: the earliest, needed if any was. */
void store_refs_sort(struct store_refs *r);
/* After store_refs_sort; NULL: nothing refers to it. */
const struct store_ref *store_refs_find(const struct store_refs *r, const char *name);

#endif
