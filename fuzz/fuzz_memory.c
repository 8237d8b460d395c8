/* Room: fuzz. Memory for one call. Regions are mapped once and used again, because mapping would take
 * most of the time; each lies between two pages that trap. */
#include <stdlib.h>
#include <string.h>

#include "fuzz_parts.h"

#define REGIONS 40

static struct {
  uint8_t *pages, *before; /* FUZZ_REGION_BYTES each */
  struct fuzz_region region;
} slots[REGIONS];
static int taken;
static uint8_t *workspace_pages, *workspace;
static size_t workspace_bytes;
/* The workspace's content does not matter, but a call that fails leaves it alone. */
#define EDGE 1024
static uint8_t workspace_before[2][EDGE];

void fuzz_memory_reset(void) {
  taken = 0;
  workspace = NULL;
  workspace_bytes = 0;
}

int fuzz_memory_fits(int64_t bytes) {
  return bytes >= 0 && bytes <= (int64_t)FUZZ_REGION_BYTES;
}

struct fuzz_region fuzz_memory_take(struct fuzz_draw *d, size_t bytes) {
  fuzz_need(taken < REGIONS && bytes <= FUZZ_REGION_BYTES, "the target's own memory is too small");
  int i = taken++;
  if (!slots[i].pages) {
    slots[i].pages = support_guarded_zeros(FUZZ_REGION_BYTES);
    slots[i].before = support_guarded_zeros(FUZZ_REGION_BYTES);
  }
  uint8_t *at = slots[i].pages + (FUZZ_REGION_BYTES - bytes);
  /* At the start an address has every alignment, so that only reads before it can be told. */
  if (bytes > 0 && fuzz_rarely(d, 4))
    at = slots[i].pages;
  support_random_fill(at, bytes);
  slots[i].region = (struct fuzz_region){at, bytes};
  return slots[i].region;
}

static size_t edge(void) {
  return workspace_bytes < EDGE ? workspace_bytes : EDGE;
}

uint8_t *fuzz_memory_workspace(size_t bytes) {
  fuzz_need(bytes <= FUZZ_WORKSPACE_BYTES, "the target's workspace is too small");
  if (!workspace_pages)
    workspace_pages = support_guarded_zeros(FUZZ_WORKSPACE_BYTES);
  workspace_bytes = bytes;
  workspace = workspace_pages + (FUZZ_WORKSPACE_BYTES - bytes) / 64 * 64;
  support_random_fill(workspace, edge());
  support_random_fill(workspace + bytes - edge(), edge());
  return workspace;
}

void fuzz_memory_remember(void) {
  for (int i = 0; i < taken; i++)
    memcpy(slots[i].before, slots[i].region.at, slots[i].region.bytes);
  if (workspace) {
    memcpy(workspace_before[0], workspace, edge());
    memcpy(workspace_before[1], workspace + workspace_bytes - edge(), edge());
  }
}

int fuzz_memory_changed(const uint8_t *but) {
  for (int i = 0; i < taken; i++)
    if (slots[i].region.at != but && memcmp(slots[i].before, slots[i].region.at, slots[i].region.bytes) != 0)
      return i;
  return -1;
}

uint8_t *fuzz_memory_before(const uint8_t *region) {
  for (int i = 0; i < taken; i++)
    if (slots[i].region.at == region)
      return slots[i].before;
  fuzz_fail("the target asked for memory that it did not take");
}

int fuzz_memory_workspace_changed(void) {
  return workspace && (memcmp(workspace_before[0], workspace, edge()) != 0 ||
                       memcmp(workspace_before[1], workspace + workspace_bytes - edge(), edge()) != 0);
}
