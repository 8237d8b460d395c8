/* Room: nvfp4. The public fast matrix by vector product and its blocking. May include base/ and nvfp4.h
 * only.
 *
 * Every byte of the matrix is used once, so it is read where it lies and nothing of it is packed. An
 * item of work is up to 256 rows, or 128 where there are few. For each stretch of k the vector is packed
 * (some 24 KiB, which stay in the first-level cache), then 128 rows at a time pass by: as many as a tile of
 * blocked scales has, whose lines are shared between rows. A row's 16 partial sums rest in memory between
 * stretches. */
#include "nvfp4/nvfp4_driver.h"
#include "nvfp4/nvfp4_kernel.h"
#include "nvfp4/nvfp4_parallel.h"

enum { ITEM_ROWS = 256, STRETCH_ROWS = 128, FEW_ITEMS = 8 /* for each worker */ };

/* One worker's part of the workspace. */
struct room {
  _Alignas(64) unsigned char vector[NVFP4_VECTOR_BYTES];
  _Alignas(64) float partial[ITEM_ROWS][NVFP4_PARTIALS];
};

struct run {
  const struct nvfp4_jobs *jobs;
  const struct nvfp4_kernel *kernel;
  struct room *room;
  int item_rows; /* as many as a room has, or fewer where workers would wait */
  struct nvfp4_cursor cursor[NVFP4_MAX_THREADS];
};

static int64_t items_of(const struct nvfp4_job *job, const void *item_rows) {
  const int rows = *(const int *)item_rows;
  return job->m == 0 ? 0 : job->batch * ((job->n + rows - 1) / rows);
}

typedef float four __attribute__((vector_size(16)));

/* 16 partial sums become one: i and i+8, i and i+4, i and i+2, 0 and 1. */
static float total(const float partial[NVFP4_PARTIALS]) {
  four x[4];
  memcpy(x, partial, sizeof x);
  four sum = (x[0] + x[2]) + (x[1] + x[3]);
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static void store(const struct run *run, const struct nvfp4_job *job, int64_t b, int64_t row, int rows,
                  float (*partial)[NVFP4_PARTIALS]) {
  float out[ITEM_ROWS];
  for (int i = 0; i < rows; i++)
    out[i] = job->factor[0] == 1.0 ? total(partial[i]) : (float)((double)total(partial[i]) * job->factor[0]);
  run->kernel->store(out, rows, job->type, job->c + b * job->c_batch_stride_bytes + row * job->c_elem_bytes);
}

static void run_item(void *context, int64_t index, unsigned worker) {
  struct run *run = context;
  const int most = run->item_rows;
  struct room *room = &run->room[worker];
  struct nvfp4_job job;
  nvfp4_jobs_find(run->jobs, NVFP4_WITH_RESULT, items_of, &most, &run->cursor[worker], &index, &job);
  int64_t items = (job.n + most - 1) / most, b = index / items, row = index % items * most;
  int rows = job.n - row < most ? (int)(job.n - row) : most;

  memset(room->partial, 0, sizeof room->partial);
  for (int64_t block = 0; block < job.blocks; block += NVFP4_VECTOR_CHUNK) {
    int blocks = job.blocks - block < NVFP4_VECTOR_CHUNK ? (int)(job.blocks - block) : NVFP4_VECTOR_CHUNK;
    run->kernel->pack_vector(&job.a, b, block, blocks, room->vector);
    for (int i = 0; i < rows; i += STRETCH_ROWS) {
      int here = rows - i < STRETCH_ROWS ? rows - i : STRETCH_ROWS;
      run->kernel->gemv(room->vector, &job.b[0], b, row + i, here, block, blocks, room->partial + i);
    }
  }
  store(run, &job, b, row, rows, room->partial);
}

static enum nvfp4_status prepare(struct run *run, const void *workspace, size_t workspace_bytes,
                                 unsigned workers, int64_t *items) {
  struct nvfp4_job job;
  *items = 0;
  run->item_rows = ITEM_ROWS;
  enum nvfp4_status status = run->jobs->get(run->jobs->args, 0, NVFP4_WITH_RESULT, &job);
  if (status == NVFP4_OK)
    status = nvfp4_check_apart(&job, workspace, workspace_bytes);
  if (status != NVFP4_OK)
    return status;
  *items = items_of(&job, &run->item_rows);
  if (workers > 1 && *items < (int64_t)FEW_ITEMS * workers) {
    run->item_rows = STRETCH_ROWS;
    *items = items_of(&job, &run->item_rows);
  }
  run->kernel = nvfp4_kernel_select();
  return run->kernel ? NVFP4_OK : NVFP4_ERR_ISA;
}

enum nvfp4_status nvfp4_gemv_run_small(const struct nvfp4_jobs *jobs) {
  struct room room;
  struct run run = {.jobs = jobs, .room = &room};
  int64_t items;
  enum nvfp4_status status = prepare(&run, NULL, 0, 1, &items);
  for (int64_t i = 0; i < items && status == NVFP4_OK; i++)
    run_item(&run, i, 0);
  return status;
}

size_t nvfp4_gemv_workspace_bytes(const nvfp4_gemv_args *args, const nvfp4_threads *threads) {
  struct nvfp4_job job;
  if (nvfp4_jobs_get_gemv(args, 0, NVFP4_SIZES_ONLY, &job) != NVFP4_OK)
    return 0;
  return sizeof(struct room) * nvfp4_workers(threads);
}

enum nvfp4_status nvfp4_gemv(const nvfp4_gemv_args *args, void *workspace, size_t workspace_bytes,
                             const nvfp4_threads *threads) {
  struct nvfp4_jobs jobs = {.args = args, .count = 1, .get = nvfp4_jobs_get_gemv};
  struct run run = {.jobs = &jobs, .room = workspace};
  int64_t items;
  enum nvfp4_status status = prepare(&run, workspace, workspace_bytes, nvfp4_workers(threads), &items);
  if (status != NVFP4_OK || items == 0)
    return status;
  status = nvfp4_check_workspace(workspace, workspace_bytes, sizeof(struct room) * nvfp4_workers(threads));
  if (status == NVFP4_OK)
    nvfp4_parallel(threads, items, run_item, &run);
  return status;
}
