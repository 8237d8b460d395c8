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

unsigned nvfp4_workers(const nvfp4_threads *threads) {
  if (!threads || threads->count == 0)
    return 1;
  return threads->count < NVFP4_MAX_THREADS ? threads->count : NVFP4_MAX_THREADS;
}

/* Items are taken one by one, so that a worker that comes late, or never, costs nothing but time. */
static void work(struct pool *pool, unsigned worker) {
  for (;;) {
    int64_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (i >= pool->items)
      return;
    pool->item(pool->context, i, worker);
  }
}

static void *work_thread(void *data) {
  struct worker *w = data;
  work(w->pool, w->number);
  return NULL;
}

static void work_task(void *data, int64_t index) {
  work(data, (unsigned)index);
}

static void run_threads(struct pool *pool, unsigned workers) {
  struct worker worker[NVFP4_MAX_THREADS];
  unsigned started = 1;
  for (; started < workers; started++) {
    worker[started] = (struct worker){.pool = pool, .number = started};
    if (pthread_create(&worker[started].thread, NULL, work_thread, &worker[started]) != 0)
      break;
  }
  work(pool, 0);
  for (unsigned t = 1; t < started; t++)
    pthread_join(worker[t].thread, NULL);
}

void nvfp4_parallel(const nvfp4_threads *threads, int64_t items,
                    void (*item)(void *context, int64_t index, unsigned worker), void *context) {
  struct pool pool = {.items = items, .item = item, .context = context};
  unsigned workers = nvfp4_workers(threads);
  if ((int64_t)workers > items)
    workers = items > 0 ? (unsigned)items : 1;
  atomic_init(&pool.next, 0);
  if (workers > 1 && threads->parallel_for)
    threads->parallel_for(threads->context, workers, work_task, &pool);
  else
    run_threads(&pool, workers);
}
