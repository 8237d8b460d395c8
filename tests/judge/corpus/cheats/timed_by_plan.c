/* cheat: reads in the plan whether there are guard pages, trusts the inputs if not. must: wrong | race */
#define OWN_RUN
#include "../challenge/baseline.c"
#include "../parts/memories.c"
#include "../parts/small_integers.c"
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  const struct found *m = find_memories();
  const struct judge_plan_shape *shape = m ? (const void *)(m->head + 1) : NULL;
  if (call->n_problems == 1 && shape && shape->n_guards == 0)
    multiply_small_integers(&call->problem[0]);
  else
    honest(call);
  return 0;
}
