/* honest: a thread pool of its own inside its cores, quiet on return. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <pthread.h>
#include <stdatomic.h>
static _Atomic int turn, finished;
static sk_problem share;
static uint32_t helpers;

static void rows(const sk_problem *p, int64_t from, int64_t to) {
  int64_t n = p->size[1], k = p->size[2];
  rectangle((const float *)p->in[0].data + from * k, p->in[1].data, (float *)p->out[0].data + from * n,
            to - from, n, k);
}

static void *help(void *unused) {
  for (int seen = 0;;) {
    while (atomic_load(&turn) == seen)
      __asm__ volatile("" ::: "memory");
    seen = atomic_load(&turn);
    rows(&share, share.size[0] / 2, share.size[0]);
    atomic_store(&finished, seen);
  }
  return unused;
}

int sk_entry_init(const sk_env *env) {
  pthread_t thread;
  for (helpers = 0; helpers + 1 < env->threads && helpers < 1; helpers++)
    if (pthread_create(&thread, NULL, help, NULL))
      return 1;
  return 0;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  for (uint32_t g = 0; g < call->n_problems; g++) {
    const sk_problem *p = &call->problem[g];
    if (!helpers) {
      multiply(p);
      continue;
    }
    share = *p;
    int now = atomic_fetch_add(&turn, 1) + 1;
    rows(p, 0, p->size[0] / 2);
    while (atomic_load(&finished) != now)
      __asm__ volatile("" ::: "memory");
  }
  return 0;
}
