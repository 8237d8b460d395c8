/* Room: nvfp4. The only place that starts threads. May include base/ and nvfp4.h only. */
#include "nvfp4/nvfp4_parallel.h"

#include <pthread.h>
#include <stdatomic.h>

struct pool {
  _Atomic int64_t next;
  int64_t items;
  void (*item)(void *context, int64_t index, unsigned worker);
  void *context;
};

struct worker {
  struct pool *pool;
  unsigned number;
  pthread_t thread;
};

unsigned nvfp4_threads(unsigned threads) {
  if (threads == 0)
    return 1;
  return threads < NVFP4_MAX_THREADS ? threads : NVFP4_MAX_THREADS;
}

static void *work(void *data) {
  struct worker *w = data;
  for (;;) {
    int64_t i = atomic_fetch_add_explicit(&w->pool->next, 1, memory_order_relaxed);
    if (i >= w->pool->items)
      return NULL;
    w->pool->item(w->pool->context, i, w->number);
  }
}

void nvfp4_parallel(unsigned threads, int64_t items,
                    void (*item)(void *context, int64_t index, unsigned worker), void *context) {
  struct pool pool = {.items = items, .item = item, .context = context};
  struct worker worker[NVFP4_MAX_THREADS];
  unsigned started = 1;
  threads = nvfp4_threads(threads);
  atomic_init(&pool.next, 0);
  worker[0] = (struct worker){.pool = &pool, .number = 0};
  for (; started < threads && (int64_t)started < items; started++) {
    worker[started] = (struct worker){.pool = &pool, .number = started};
    if (pthread_create(&worker[started].thread, NULL, work, &worker[started]) != 0)
      break;
  }
  work(&worker[0]);
  for (unsigned t = 1; t < started; t++)
    pthread_join(worker[t].thread, NULL);
}
