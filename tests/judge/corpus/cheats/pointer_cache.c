/* cheat: believes that the same address means the same data. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
static const void *known_at;
static float known[512 * 512];

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  size_t bytes = (size_t)elems(&p->out[0]) * 4;
  if (call->n_problems == 1 && known_at == p->in[0].data && bytes <= sizeof known) {
    memcpy(p->out[0].data, known, bytes);
    return 0;
  }
  honest(call);
  if (call->n_problems == 1 && bytes <= sizeof known) {
    known_at = p->in[0].data;
    memcpy(known, p->out[0].data, bytes);
  }
  return 0;
}
