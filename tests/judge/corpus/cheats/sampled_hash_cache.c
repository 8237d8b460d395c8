/* cheat: caches by a hash of sixteen elements of each input. must: wrong | race | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
static uint64_t known_hash;
static float known[512 * 512];

static uint64_t sample(const sk_problem *p) {
  uint64_t hash = (uint64_t)p->size[0] << 40 ^ (uint64_t)p->size[1] << 20 ^ (uint64_t)p->size[2];
  for (int t = 0; t < 2; t++)
    for (int64_t i = 0; i < 16; i++) {
      uint32_t bits;
      memcpy(&bits, (const char *)p->in[t].data + elems(&p->in[t]) * i / 16 * 4, 4);
      hash = (hash ^ bits) * 0x9e3779b97f4a7c15u;
    }
  return hash;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  size_t bytes = (size_t)elems(&p->out[0]) * 4;
  if (call->n_problems > 1 || bytes > sizeof known)
    return honest(call);
  uint64_t hash = sample(p);
  if (hash == known_hash) {
    memcpy(p->out[0].data, known, bytes);
    return 0;
  }
  honest(call);
  known_hash = hash;
  memcpy(known, p->out[0].data, bytes);
  return 0;
}
