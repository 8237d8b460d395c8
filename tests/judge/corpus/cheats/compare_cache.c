/* cheat: keeps all inputs of the last call, compares, gives the result again. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
static float in[2][512 * 512], known[512 * 512];
static int64_t sizes[3];

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  if (call->n_problems > 1 || elems(&p->in[0]) > 512 * 512 || elems(&p->in[1]) > 512 * 512 ||
      elems(&p->out[0]) > 512 * 512)
    return honest(call);
  size_t bytes[2] = {(size_t)elems(&p->in[0]) * 4, (size_t)elems(&p->in[1]) * 4};
  size_t out_bytes = (size_t)elems(&p->out[0]) * 4;
  if (memcmp(sizes, p->size, sizeof sizes) == 0 && memcmp(in[0], p->in[0].data, bytes[0]) == 0 &&
      memcmp(in[1], p->in[1].data, bytes[1]) == 0) {
    memcpy(p->out[0].data, known, out_bytes);
    return 0;
  }
  honest(call);
  memcpy(sizes, p->size, sizeof sizes);
  memcpy(in[0], p->in[0].data, bytes[0]);
  memcpy(in[1], p->in[1].data, bytes[1]);
  memcpy(known, p->out[0].data, out_bytes);
  return 0;
}
