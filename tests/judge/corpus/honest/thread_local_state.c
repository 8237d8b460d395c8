/* honest: thread-local variables, constructors, destructors, recursion, variable-length arrays. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
static _Thread_local int calls;
static int loaded;
__attribute__((constructor)) static void at_load(void) {
  loaded = 1;
}
__attribute__((destructor)) static void at_end(void) {
  loaded = 0;
}

static void recursive(const sk_problem *p, int64_t from, int64_t to) {
  int64_t n = p->size[1], k = p->size[2];
  if (to - from > 8) {
    recursive(p, from, from + (to - from) / 2);
    recursive(p, from + (to - from) / 2, to);
    return;
  }
  float strip[8 * n];
  rectangle((const float *)p->in[0].data + from * k, p->in[1].data, strip, to - from, n, k);
  memcpy((float *)p->out[0].data + from * n, strip, (size_t)((to - from) * n) * 4);
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  calls++;
  for (uint32_t g = 0; g < call->n_problems; g++)
    recursive(&call->problem[g], 0, call->problem[g].size[0]);
  return calls > 0 && loaded ? 0 : 1;
}
