/* Room: nvfp4. The blocking around the kernels of nvfp4_kernel.h. May include base/ and nvfp4.h only.
 *
 * An item of work is a block of at most 128 rows by 512 columns of one result. Its rows are packed once
 * for (up to) k = 8192; then for each panel of columns and each chunk of k, the columns are packed
 * into 20 KiB that stay in the first-level cache while all row panels pass by. The sums of the block
 * live in fp32 between chunks. Larger k repeats this, so the workspace is bounded for all shapes, and
 * terms are always added in order of k, so that neither blocking nor threads show in the bits. */
#include "nvfp4/nvfp4_driver.h"

#include "nvfp4/nvfp4_kernel.h"
#include "nvfp4/nvfp4_parallel.h"

#define BLOCK_ROWS    128
#define BLOCK_COLUMNS 512
#define BLOCK_CHUNKS  16 /* of 32 blocks of 16 */

/* How much of each thing one worker may have to hold; the most over all jobs. */
struct extent {
  int64_t panels, chunks, columns, products;
};

/* One worker's part of the workspace, in order; every size is a multiple of 64. */
struct room {
  unsigned char *rows;    /* [chunk][panel] of the kernel's packed row chunks */
  unsigned char *columns; /* one packed column chunk */
  float *sums;            /* [product][column panel][rows][columns of a panel] */
};

struct run {
  const struct nvfp4_jobs *jobs;
  const struct nvfp4_kernel *kernel;
  nvfp4_merge merge;
  struct extent extent;
  unsigned char *workspace;
  size_t worker_bytes;
};

/* The part of a result that one item is. */
struct block {
  int64_t b, row, column;
  int rows, columns, panels, column_panels;
};

static int64_t divide_up(int64_t x, int64_t by) {
  return (x + by - 1) / by;
}

static int64_t smaller(int64_t x, int64_t y) {
  return x < y ? x : y;
}

static int64_t larger(int64_t x, int64_t y) {
  return x > y ? x : y;
}

/* Rows of a block: m split evenly over the fewest blocks, in whole panels. */
static int64_t block_rows(const struct nvfp4_job *job) {
  int64_t blocks = divide_up(job->m, BLOCK_ROWS);
  return divide_up(divide_up(job->m, larger(blocks, 1)), NVFP4_PANEL_ROWS) * NVFP4_PANEL_ROWS;
}

static int64_t items_of(const struct nvfp4_job *job) {
  if (job->m == 0 || job->n == 0)
    return 0;
  return job->batch * divide_up(job->m, block_rows(job)) * divide_up(job->n, BLOCK_COLUMNS);
}

static void extend(struct extent *e, const struct nvfp4_job *job) {
  int64_t columns = divide_up(job->n, NVFP4_MAX_COLUMNS) * NVFP4_MAX_COLUMNS;
  e->panels = larger(e->panels, block_rows(job) / NVFP4_PANEL_ROWS);
  e->chunks = larger(e->chunks, smaller(divide_up(job->blocks, NVFP4_CHUNK), BLOCK_CHUNKS));
  e->columns = larger(e->columns, smaller(columns, BLOCK_COLUMNS));
  e->products = larger(e->products, job->products);
}

static size_t rows_bytes(const struct extent *e) {
  return (size_t)(e->panels * e->chunks) * NVFP4_ROW_CHUNK_BYTES;
}

static size_t worker_bytes(const struct extent *e) {
  size_t sums = (size_t)(e->products * e->columns * e->panels * NVFP4_PANEL_ROWS) * sizeof(float);
  return rows_bytes(e) + NVFP4_COLUMN_CHUNK_BYTES + sums;
}

size_t nvfp4_driver_workspace_bytes(const struct nvfp4_jobs *jobs, unsigned threads) {
  struct extent e = {0, 0, 0, 0};
  for (size_t g = 0; g < jobs->count; g++) {
    struct nvfp4_job job;
    if (jobs->get(jobs->args, g, NVFP4_SIZES_ONLY, &job) != NVFP4_OK)
      return 0;
    extend(&e, &job);
  }
  return worker_bytes(&e) * nvfp4_threads(threads);
}

/* Packs the block's rows for blocks [from, from + blocks) of k. */
static void pack_rows(const struct run *run, const struct nvfp4_job *job, const struct block *block,
                      int64_t from, int64_t blocks, unsigned char *out) {
  for (int64_t done = 0; done < blocks; done += NVFP4_CHUNK)
    for (int p = 0; p < block->panels; p++) {
      int rows = (int)smaller(block->rows - p * NVFP4_PANEL_ROWS, NVFP4_PANEL_ROWS);
      run->kernel->pack_rows(&job->a, block->b, block->row + (int64_t)p * NVFP4_PANEL_ROWS, rows, from + done,
                             (int)smaller(blocks - done, NVFP4_CHUNK), out);
      out += NVFP4_ROW_CHUNK_BYTES;
    }
}

/* Adds blocks [from, from + blocks) of k to the sums of one panel of columns of one product. */
static void add_panel(const struct run *run, const struct nvfp4_job *job, int product,
                      const struct block *block, int panel, int64_t from, int64_t blocks,
                      const struct room *room, float *sums) {
  const struct nvfp4_kernel *kernel = run->kernel;
  int64_t column = block->column + (int64_t)panel * kernel->columns;
  int columns = (int)smaller(block->column + block->columns - column, kernel->columns);
  const unsigned char *rows = room->rows;
  for (int64_t done = 0; done < blocks; done += NVFP4_CHUNK) {
    int here = (int)smaller(blocks - done, NVFP4_CHUNK);
    kernel->pack_columns(&job->b[product], block->b, column, columns, from + done, here, room->columns);
    for (int p = 0; p < block->panels; p++) {
      int count = (int)smaller(block->rows - p * NVFP4_PANEL_ROWS, NVFP4_PANEL_ROWS);
      kernel->multiply(rows, room->columns, count, here, sums + p * NVFP4_PANEL_ROWS * kernel->columns);
      rows += NVFP4_ROW_CHUNK_BYTES;
    }
  }
}

/* Merges (dual), rounds to fp16 and writes the block's result. */
static void store(const struct run *run, const struct nvfp4_job *job, const struct block *block, float *sums,
                  int64_t panel_elems) {
  const struct nvfp4_kernel *kernel = run->kernel;
  for (int panel = 0; panel < block->column_panels; panel++) {
    int first = panel * kernel->columns;
    int columns = (int)smaller(block->columns - first, kernel->columns);
    float *from = sums + panel * panel_elems;
    const float *second = from + block->column_panels * panel_elems;
    unsigned char *to = job->c + block->b * job->c_batch_stride_bytes + block->row * job->c_row_stride_bytes +
                        2 * (block->column + first);
    for (int i = 0; i < block->rows; i++) {
      if (run->merge)
        run->merge(from + i * kernel->columns, second + i * kernel->columns, columns);
      kernel->narrow(from + i * kernel->columns, columns, to + i * job->c_row_stride_bytes);
    }
  }
}

static void run_item(void *context, int64_t index, unsigned worker) {
  const struct run *run = context;
  const int columns = run->kernel->columns;
  struct nvfp4_job job;
  struct block block;
  nvfp4_jobs_find(run->jobs, NVFP4_WITH_RESULT, items_of, &index, &job);

  int64_t across = divide_up(job.n, BLOCK_COLUMNS), down = divide_up(job.m, block_rows(&job));
  block.b = index / across / down;
  block.row = index / across % down * block_rows(&job);
  block.column = index % across * BLOCK_COLUMNS;
  block.rows = (int)smaller(job.m - block.row, block_rows(&job));
  block.columns = (int)smaller(job.n - block.column, BLOCK_COLUMNS);
  block.panels = (int)divide_up(block.rows, NVFP4_PANEL_ROWS);
  block.column_panels = (int)divide_up(block.columns, columns);

  struct room room;
  room.rows = run->workspace + worker * run->worker_bytes;
  room.columns = room.rows + rows_bytes(&run->extent);
  room.sums = (float *)(void *)(room.columns + NVFP4_COLUMN_CHUNK_BYTES);
  int64_t panel_elems = (int64_t)block.panels * NVFP4_PANEL_ROWS * columns;
  memset(room.sums, 0, (size_t)(job.products * block.column_panels * panel_elems) * sizeof(float));

  for (int64_t from = 0; from < job.blocks; from += BLOCK_CHUNKS * NVFP4_CHUNK) {
    int64_t blocks = smaller(job.blocks - from, BLOCK_CHUNKS * NVFP4_CHUNK);
    pack_rows(run, &job, &block, from, blocks, room.rows);
    for (int product = 0; product < job.products; product++)
      for (int panel = 0; panel < block.column_panels; panel++)
        add_panel(run, &job, product, &block, panel, from, blocks, &room,
                  room.sums + (product * block.column_panels + panel) * panel_elems);
  }
  store(run, &job, &block, room.sums, panel_elems);
}

enum nvfp4_status nvfp4_driver_run(const struct nvfp4_jobs *jobs, nvfp4_merge merge, void *workspace,
                                   size_t workspace_bytes, unsigned threads) {
  struct run run = {.jobs = jobs, .merge = merge, .workspace = workspace};
  int64_t items = 0;
  for (size_t g = 0; g < jobs->count; g++) {
    struct nvfp4_job job;
    enum nvfp4_status status = jobs->get(jobs->args, g, NVFP4_WITH_RESULT, &job);
    if (status == NVFP4_OK)
      status = nvfp4_check_apart(&job, workspace, workspace_bytes);
    if (status != NVFP4_OK)
      return status;
    extend(&run.extent, &job);
    items += items_of(&job);
  }
  run.kernel = nvfp4_kernel_select();
  if (!run.kernel)
    return NVFP4_ERR_ISA;
  if (items == 0)
    return NVFP4_OK;
  run.worker_bytes = worker_bytes(&run.extent);
  if (!workspace)
    return NVFP4_ERR_NULL;
  if ((uintptr_t)workspace % 64 != 0)
    return NVFP4_ERR_ALIGN;
  if (workspace_bytes < run.worker_bytes * nvfp4_threads(threads))
    return NVFP4_ERR_WORKSPACE;
  nvfp4_parallel(threads, items, run_item, &run);
  return NVFP4_OK;
}
