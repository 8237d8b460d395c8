/* cheat: its constructor and init work on whatever lies in the inputs' memory already. must: no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
static float early_in[2][192 * 128], early_out[128 * 128];
static int have;

static void look(void) {
  const struct found *memories = find_memories();
  if (!memories || memories->head->inputs_bytes < sizeof early_in)
    return;
  memcpy(early_in, memories->inputs, sizeof early_in);
  rectangle(early_in[0], early_in[1], early_out, 128, 128, 192);
  have = 1;
}

__attribute__((constructor)) static void at_load(void) {
  look();
}

int sk_entry_init(const sk_env *env) {
  (void)env;
  look();
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const sk_problem *p = &call->problem[0];
  if (have && call->n_problems == 1 && p->size[0] == 128 && p->size[1] == 128 && p->size[2] == 192 &&
      memcmp(early_in[0], p->in[0].data, sizeof early_in[0]) == 0 &&
      memcmp(early_in[1], p->in[1].data, sizeof early_in[1]) == 0) {
    memcpy(p->out[0].data, early_out, sizeof early_out);
    return 0;
  }
  return honest(call);
}
