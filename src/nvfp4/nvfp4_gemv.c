/* Room: nvfp4. The public fast matrix by vector product and its blocking. May include base/ and nvfp4.h
 * only.
 *
 * Every byte of the matrix is used once, so it is read where it lies and nothing of it is packed. An
 * item of work is up to 256 rows. For each stretch of k the vector is packed (some 24 KiB, which stay in
 * the first-level cache), then 128 rows at a time pass by: as many as a tile of blocked scales has,
 * whose lines are shared between rows. A row's 16 partial sums rest in memory between stretches. */
#include "nvfp4/nvfp4_driver.h"
#include "nvfp4/nvfp4_kernel.h"
#include "nvfp4/nvfp4_parallel.h"

enum { ITEM_ROWS = 256, STRETCH_ROWS = 128 };

/* One worker's part of the workspace. */
struct room {
  _Alignas(64) unsigned char vector[NVFP4_VECTOR_BYTES];
  _Alignas(64) float partial[ITEM_ROWS][NVFP4_PARTIALS];
};

struct run {
  const struct nvfp4_jobs *jobs;
  const struct nvfp4_kernel *kernel;
  struct room *room;
};

static int64_t items_of(const struct nvfp4_job *job, const void *limits) {
  (void)limits;
  return job->m == 0 ? 0 : job->batch * ((job->n + ITEM_ROWS - 1) / ITEM_ROWS);
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
    out[i] = job->factor[0] == 1.0f ? total(partial[i]) : total(partial[i]) * job->factor[0];
  run->kernel->store(out, rows, job->type, job->c + b * job->c_batch_stride_bytes + row * job->c_elem_bytes);
}

static void run_item(void *context, int64_t index, unsigned worker) {
  const struct run *run = context;
  struct room *room = &run->room[worker];
  struct nvfp4_job job;
  nvfp4_jobs_find(run->jobs, NVFP4_WITH_RESULT, items_of, NULL, &index, &job);
  int64_t items = (job.n + ITEM_ROWS - 1) / ITEM_ROWS, b = index / items, row = index % items * ITEM_ROWS;
  int rows = job.n - row < ITEM_ROWS ? (int)(job.n - row) : ITEM_ROWS;

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
                                 int64_t *items) {
  struct nvfp4_job job;
  *items = 0;
  enum nvfp4_status status = run->jobs->get(run->jobs->args, 0, NVFP4_WITH_RESULT, &job);
  if (status == NVFP4_OK)
    status = nvfp4_check_apart(&job, workspace, workspace_bytes);
  if (status != NVFP4_OK)
    return status;
  *items = items_of(&job, NULL);
  run->kernel = nvfp4_kernel_select();
  return run->kernel ? NVFP4_OK : NVFP4_ERR_ISA;
}

enum nvfp4_status nvfp4_gemv_run_small(const struct nvfp4_jobs *jobs) {
  struct room room;
  struct run run = {.jobs = jobs, .room = &room};
  int64_t items;
  enum nvfp4_status status = prepare(&run, NULL, 0, &items);
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
  enum nvfp4_status status = prepare(&run, workspace, workspace_bytes, &items);
  if (status != NVFP4_OK || items == 0)
    return status;
  status = nvfp4_check_workspace(workspace, workspace_bytes, sizeof(struct room) * nvfp4_workers(threads));
  if (status == NVFP4_OK)
    nvfp4_parallel(threads, items, run_item, &run);
  return status;
}
