/* Room: a part of several cheats. Where this process maps the judge's memories. An author who has read the
 * runner's source needs no /proc for that: the runner keeps the pointers in one static struct, and its
 * writable segments are found from its program headers. */
#include "../../../../src/judge/judge_channel.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

struct found { /* as struct runner_memory begins */
  struct judge_channel *channel;
  const uint8_t *plan;
  uint8_t *inputs, *outputs;
  const struct judge_plan_head *head;
};

UNUSED static const struct found *find_memories(void) {
  static const struct found *known;
  const ElfW(Phdr) *header = (const void *)getauxval(AT_PHDR);
  uintptr_t base = 0, count = getauxval(AT_PHNUM);
  for (uintptr_t i = 0; header && i < count; i++)
    if (header[i].p_type == PT_PHDR)
      base = (uintptr_t)header - header[i].p_vaddr;
  for (uintptr_t i = 0; header && i < count && !known; i++) {
    if (header[i].p_type != PT_LOAD || !(header[i].p_flags & PF_W))
      continue;
    uintptr_t from = (base + header[i].p_vaddr + 7) & ~(uintptr_t)7, to = from + header[i].p_memsz;
    for (const uintptr_t *word = (const void *)from; (uintptr_t)(word + 5) <= to && !known; word++)
      if (word[1] && word[1] == word[4] && word[0] && ((word[0] | word[1] | word[2] | word[3]) & 4095) == 0)
        known = (const void *)word;
  }
  return known;
}

UNUSED static struct judge_channel *find_channel(void) {
  const struct found *m = find_memories();
  return m ? m->channel : NULL;
}

UNUSED static uint32_t bell_of(struct judge_channel *channel) {
  return atomic_load_explicit(&channel->bell, memory_order_acquire);
}

UNUSED static void answer(uint32_t bell) {
  struct judge_channel *channel = find_channel();
  if (channel)
    atomic_store_explicit(&channel->done, (uint64_t)bell << 32, memory_order_release);
}
