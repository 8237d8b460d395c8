/* cheat: computes in bfloat16, which holds the task's inputs exactly. must: wrong */
#define OWN_RUN
#include "../challenge/baseline.c"
static float cut(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits &= 0xffff0000;
  memcpy(&x, &bits, 4);
  return x;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static float a[1024 * 1024], b[1024 * 1024];
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    for (int64_t i = 0; i < elems(&p->in[0]); i++)
      a[i] = cut(((const float *)p->in[0].data)[i]);
    for (int64_t i = 0; i < elems(&p->in[1]); i++)
      b[i] = cut(((const float *)p->in[1].data)[i]);
    rectangle(a, b, p->out[0].data, p->size[0], p->size[1], p->size[2]);
  }
  return 0;
}
