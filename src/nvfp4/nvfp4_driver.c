/* Room: nvfp4. The blocking around the kernels of nvfp4_kernel.h: GEMM. May include base/ and nvfp4.h
 * only.
 *
 * An item of work is a block of rows by columns of one result (struct limits). Its rows are packed
 * once for a stretch of k, to stay in the second-level cache; then for each panel of columns and each
 * chunk of k, the columns are packed into some 20 KiB that stay in the first-level cache while all row
 * panels pass by. Meanwhile the bytes of the next chunk of columns are asked for: they come from
 * memory, in rows far apart, which no hardware prefetcher follows. The sums of the block live in fp32
 * between chunks. Larger k repeats this, so the workspace is bounded for all shapes, and terms are
 * always added in order of k, so that neither blocking nor threads show in the bits. */
#include "nvfp4/nvfp4_driver.h"

#include "nvfp4/nvfp4_kernel.h"
#include "nvfp4/nvfp4_parallel.h"

/* The largest block: rows and columns of a result, chunks of 32 blocks of 16. From three quarters of a
 * result on, blocks have `fine` columns: where there are few items for many workers, the last ones
 * should be small, or all but one wait for it; small ones throughout would pack rows too often. */
struct limits {
  int64_t rows, columns, fine, chunks;
};

static const struct limits limits_large = {256, 512, 512, 7};
static const struct limits limits_small = {32, 64, 64, 2};
enum { FINE_COLUMNS = 128, FEW_ITEMS = 24 /* for each worker */ };

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
  struct limits limits;
  struct extent extent;
  unsigned char *workspace;
  size_t worker_bytes;
  struct nvfp4_cursor cursor[NVFP4_MAX_THREADS];
};

/* The part of a result that one item is. */
struct block {
  const struct nvfp4_job *job;
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
static int64_t block_rows(const struct nvfp4_job *job, const struct limits *limits) {
  int64_t blocks = larger(divide_up(job->m, limits->rows), 1);
  return divide_up(divide_up(job->m, blocks), NVFP4_PANEL_ROWS) * NVFP4_PANEL_ROWS;
}

/* Blocks of full width, before the fine ones. */
static int64_t wide_blocks(const struct nvfp4_job *job, const struct limits *limits) {
  return limits->fine < limits->columns ? job->n * 3 / 4 / limits->columns : 0;
}

static int64_t blocks_across(const struct nvfp4_job *job, const struct limits *limits) {
  int64_t wide = wide_blocks(job, limits);
  return wide + divide_up(job->n - wide * limits->columns, limits->fine);
}

static int64_t items_of(const struct nvfp4_job *job, const void *limits) {
  const struct limits *l = limits;
  if (job->m == 0 || job->n == 0)
    return 0;
  return job->batch * divide_up(job->m, block_rows(job, l)) * blocks_across(job, l);
}

static void extend(struct extent *e, const struct nvfp4_job *job, const struct limits *limits) {
  int64_t columns = divide_up(job->n, NVFP4_MAX_COLUMNS) * NVFP4_MAX_COLUMNS;
  e->panels = larger(e->panels, block_rows(job, limits) / NVFP4_PANEL_ROWS);
  e->chunks = larger(e->chunks, smaller(divide_up(job->blocks, NVFP4_CHUNK), limits->chunks));
  e->columns = larger(e->columns, smaller(columns, limits->columns));
  e->products = larger(e->products, job->products);
}

static size_t rows_bytes(const struct extent *e) {
  return (size_t)(e->panels * e->chunks) * NVFP4_ROW_CHUNK_BYTES;
}

static size_t worker_bytes(const struct extent *e) {
  size_t sums = (size_t)(e->products * e->columns * e->panels * NVFP4_PANEL_ROWS) * sizeof(float);
  return rows_bytes(e) + NVFP4_COLUMN_CHUNK_BYTES + sums;
}

size_t nvfp4_driver_workspace_bytes(const struct nvfp4_jobs *jobs, const nvfp4_threads *threads) {
  struct extent e = {0, 0, 0, 0};
  for (size_t g = 0; g < jobs->count; g++) {
    struct nvfp4_job job;
    if (jobs->get(jobs->args, g, NVFP4_SIZES_ONLY, &job) != NVFP4_OK)
      return 0;
    extend(&e, &job, &limits_large);
  }
  return worker_bytes(&e) * nvfp4_workers(threads);
}

/* Packs the block's rows for blocks [from, from + blocks) of k. */
static void pack_rows(const struct run *run, const struct block *block, int64_t from, int64_t blocks,
                      unsigned char *out) {
  for (int64_t done = 0; done < blocks; done += NVFP4_CHUNK)
    for (int p = 0; p < block->panels; p++) {
      int rows = (int)smaller(block->rows - p * NVFP4_PANEL_ROWS, NVFP4_PANEL_ROWS);
      run->kernel->pack_rows(&block->job->a, block->b, block->row + (int64_t)p * NVFP4_PANEL_ROWS, rows,
                             from + done, (int)smaller(blocks - done, NVFP4_CHUNK), out);
      out += run->kernel->row_chunk_bytes;
    }
}

/* A chunk of columns that will be packed soon. */
struct ahead {
  const struct nvfp4_source *s;
  int64_t b, column, block;
  int columns, blocks;
};

static void prefetch(const uint8_t *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64)
    __builtin_prefetch(from + i);
  __builtin_prefetch(from + bytes - 1);
}

/* Asks for part `part` of `parts` of a chunk. Blocked scales of a panel are few lines that lie together;
 * they are asked for whole, four blocks at a time. */
static void prefetch_part(const struct ahead *a, int part, int parts) {
  const struct nvfp4_source *s = a->s;
  if (s->prepacked) {
    for (int j = part * a->blocks / parts; j < (part + 1) * a->blocks / parts; j++) {
      prefetch(nvfp4_prepacked_elements(s, a->b, a->column, a->block + j), 256);
      __builtin_prefetch(nvfp4_prepacked_scales(s, a->b, a->column, a->block + j));
    }
    return;
  }
  for (int c = part * a->columns / parts; c < (part + 1) * a->columns / parts; c++) {
    int64_t row = a->column + c;
    prefetch(s->packed + a->b * s->batch_stride_bytes + row * s->row_stride_bytes + a->block * 8,
             (int64_t)a->blocks * 8);
    if (s->scale_tiles == 0)
      prefetch(nvfp4_source_scale(s, a->b, row, a->block), a->blocks);
    else if (row % 4 == 0)
      for (int j = 0; j < a->blocks; j += 4)
        __builtin_prefetch(nvfp4_source_scale(s, a->b, row, a->block + j));
  }
}

static struct ahead chunk_of(const struct run *run, const struct block *block, int product, int panel,
                             int64_t from, int64_t end) {
  struct ahead a = {.s = &block->job->b[product],
                    .b = block->b,
                    .column = block->column + (int64_t)panel * run->kernel->columns,
                    .block = from,
                    .blocks = (int)smaller(end - from, NVFP4_CHUNK)};
  a.columns = (int)smaller(block->column + block->columns - a.column, run->kernel->columns);
  return a;
}

/* Adds blocks [from, end) of k to the sums of one panel of columns of one product. */
static void add_panel(const struct run *run, const struct block *block, int product, int panel, int64_t from,
                      int64_t end, const struct room *room, float *sums) {
  const struct nvfp4_kernel *kernel = run->kernel;
  const unsigned char *rows = room->rows;
  for (int64_t at = from; at < end; at += NVFP4_CHUNK) {
    struct ahead now = chunk_of(run, block, product, panel, at, end), next = now;
    if (at + NVFP4_CHUNK < end)
      next = chunk_of(run, block, product, panel, at + NVFP4_CHUNK, end);
    else if (panel + 1 < block->column_panels)
      next = chunk_of(run, block, product, panel + 1, from, end);
    kernel->pack_columns(now.s, now.b, now.column, now.columns, now.block, now.blocks, room->columns);
    for (int p = 0; p < block->panels; p++) {
      int count = (int)smaller(block->rows - p * NVFP4_PANEL_ROWS, NVFP4_PANEL_ROWS);
      prefetch_part(&next, p, block->panels);
      kernel->multiply(rows, room->columns, count, now.blocks, sums + p * NVFP4_PANEL_ROWS * kernel->columns);
      rows += kernel->row_chunk_bytes;
    }
  }
}

/* In fp64, so that a factor beyond fp32's range does not matter where the result is within it. */
static void scale(float *x, int count, double factor) {
  if (factor != 1.0)
    for (int i = 0; i < count; i++)
      x[i] = (float)((double)x[i] * factor);
}

/* Multiplies by the tensor scales, merges (dual), rounds and writes the block's result, row by row: a
 * row's results lie together, and lines that are not in a cache yet are better filled in order. */
static void store(const struct run *run, const struct block *block, float *sums, int64_t panel_elems) {
  const struct nvfp4_kernel *kernel = run->kernel;
  const struct nvfp4_job *job = block->job;
  for (int i = 0; i < block->rows; i++) {
    unsigned char *to = job->c + block->b * job->c_batch_stride_bytes +
                        (block->row + i) * job->c_row_stride_bytes + job->c_elem_bytes * block->column;
    for (int panel = 0; panel < block->column_panels; panel++) {
      int first = panel * kernel->columns;
      int columns = (int)smaller(block->columns - first, kernel->columns);
      float *row = sums + panel * panel_elems + i * kernel->columns;
      float *second = row + block->column_panels * panel_elems;
      scale(row, columns, job->factor[0]);
      if (run->merge) {
        scale(second, columns, job->factor[1]);
        run->merge(row, second, columns);
      }
      kernel->store(row, columns, job->type, to + job->c_elem_bytes * first);
    }
  }
}

static struct block block_of(const struct run *run, const struct nvfp4_job *job, int64_t index) {
  const struct limits *limits = &run->limits;
  int64_t rows = block_rows(job, limits), down = divide_up(job->m, rows), wide = wide_blocks(job, limits);
  int64_t across = blocks_across(job, limits), at = index % across, width = limits->columns;
  struct block block = {.job = job, .b = index / across / down};
  block.row = index / across % down * rows;
  block.column = at * width;
  if (at >= wide) {
    width = limits->fine;
    block.column = wide * limits->columns + (at - wide) * width;
  }
  block.rows = (int)smaller(job->m - block.row, rows);
  block.columns = (int)smaller(job->n - block.column, width);
  block.panels = (int)divide_up(block.rows, NVFP4_PANEL_ROWS);
  block.column_panels = (int)divide_up(block.columns, run->kernel->columns);
  return block;
}

static void run_item(void *context, int64_t index, unsigned worker) {
  struct run *run = context;
  struct nvfp4_job job;
  nvfp4_jobs_find(run->jobs, NVFP4_WITH_RESULT, items_of, &run->limits, &run->cursor[worker], &index, &job);
  struct block block = block_of(run, &job, index);

  struct room room;
  room.rows = run->workspace + worker * run->worker_bytes;
  room.columns = room.rows + rows_bytes(&run->extent);
  room.sums = (float *)(void *)(room.columns + NVFP4_COLUMN_CHUNK_BYTES);
  int64_t panel_elems = (int64_t)block.panels * NVFP4_PANEL_ROWS * run->kernel->columns;
  memset(room.sums, 0, (size_t)(job.products * block.column_panels * panel_elems) * sizeof(float));

  for (int64_t from = 0; from < job.blocks; from += run->limits.chunks * NVFP4_CHUNK) {
    int64_t end = smaller(job.blocks, from + run->limits.chunks * NVFP4_CHUNK);
    pack_rows(run, &block, from, end - from, room.rows);
    for (int product = 0; product < job.products; product++)
      for (int panel = 0; panel < block.column_panels; panel++)
        add_panel(run, &block, product, panel, from, end, &room,
                  room.sums + (product * block.column_panels + panel) * panel_elems);
  }
  store(run, &block, room.sums, panel_elems);
}

static int64_t items_in(const struct run *run) {
  int64_t items = 0;
  for (size_t g = 0; g < run->jobs->count; g++) {
    struct nvfp4_job job;
    if (run->jobs->get(run->jobs->args, g, NVFP4_WITH_RESULT, &job) == NVFP4_OK)
      items += items_of(&job, &run->limits);
  }
  return items;
}

/* Checks every job, counts the items and what a worker needs. */
static enum nvfp4_status prepare(struct run *run, const void *workspace, size_t workspace_bytes,
                                 int64_t *items) {
  *items = 0;
  for (size_t g = 0; g < run->jobs->count; g++) {
    struct nvfp4_job job;
    enum nvfp4_status status = run->jobs->get(run->jobs->args, g, NVFP4_WITH_RESULT, &job);
    if (status == NVFP4_OK)
      status = nvfp4_check_apart(&job, workspace, workspace_bytes);
    if (status != NVFP4_OK)
      return status;
    extend(&run->extent, &job, &run->limits);
  }
  *items = items_in(run);
  run->kernel = nvfp4_kernel_select();
  run->worker_bytes = worker_bytes(&run->extent);
  return run->kernel ? NVFP4_OK : NVFP4_ERR_ISA;
}

enum nvfp4_status nvfp4_driver_run(const struct nvfp4_jobs *jobs, nvfp4_merge merge, void *workspace,
                                   size_t workspace_bytes, const nvfp4_threads *threads) {
  struct run run = {.jobs = jobs, .merge = merge, .limits = limits_large, .workspace = workspace};
  int64_t items;
  enum nvfp4_status status = prepare(&run, workspace, workspace_bytes, &items);
  if (status != NVFP4_OK || items == 0)
    return status;
  const unsigned workers = nvfp4_workers(threads);
  status = nvfp4_check_workspace(workspace, workspace_bytes, run.worker_bytes * workers);
  if (workers > 1 && items < (int64_t)FEW_ITEMS * workers) {
    run.limits.fine = FINE_COLUMNS;
    items = items_in(&run);
  }
  if (status == NVFP4_OK)
    nvfp4_parallel(threads, items, run_item, &run);
  return status;
}

enum nvfp4_status nvfp4_driver_run_small(const struct nvfp4_jobs *jobs, nvfp4_merge merge) {
  enum { PANELS = 32 / NVFP4_PANEL_ROWS, CHUNKS = 2, SUMS = 2 * 64 * 32 };
  _Alignas(64) unsigned char
      workspace[PANELS * CHUNKS * NVFP4_ROW_CHUNK_BYTES + NVFP4_COLUMN_CHUNK_BYTES + SUMS * sizeof(float)];
  struct run run = {.jobs = jobs, .merge = merge, .limits = limits_small, .workspace = workspace};
  int64_t items;
  enum nvfp4_status status = prepare(&run, NULL, 0, &items);
  if (status == NVFP4_OK && run.worker_bytes > sizeof workspace)
    status = NVFP4_ERR_WORKSPACE; /* limits_small and the array above disagree */
  for (int64_t i = 0; i < items && status == NVFP4_OK; i++)
    run_item(&run, i, 0);
  return status;
}
