/* cheat: more threads than the challenge allows share the work. must: crash | cheating | refused | no gain */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <pthread.h>
static void *half(void *problem) {
  const sk_problem *p = problem;
  int64_t top = p->size[0] / 2, k = p->size[2], n = p->size[1];
  rectangle((const float *)p->in[0].data + top * k, p->in[1].data, (float *)p->out[0].data + top * n,
            p->size[0] - top, n, k);
  return NULL;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    pthread_t thread[3];
    for (uint32_t t = 0; t < env->threads; t++) /* one more than allowed, the caller included */
      if (pthread_create(&thread[t % 3], NULL, half, (void *)p))
        return 9;
    rectangle(p->in[0].data, p->in[1].data, p->out[0].data, p->size[0] / 2, p->size[1], p->size[2]);
    for (uint32_t t = 0; t < env->threads && t < 3; t++)
      pthread_join(thread[t], NULL);
  }
  return 0;
}
