/* Room: judge, the program that runs an entry inside the sandbox. May include judge_channel.h and
 * sharktank/entry.h; links the C library and libseccomp.
 *
 * Its one argument is where the entry's object lies inside.
 *
 * From the moment the entry's object is mapped nothing in this process is to be trusted. It holds no
 * secret: no expected result, no seed, no descriptor but /dev/null. It waits for the judge's bell,
 * does one op, and answers with a fixed-size number. */
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "judge/runner/judge_runner.h"
#include "sharktank/entry.h"

struct runner_memory runner_memory;

struct shape_state { /* the descriptors of one shape; `data` is set for every call */
  const struct judge_plan_shape *shape;
  const struct judge_plan_tensor *tensor;
  sk_tensor *descriptor; /* [n_problems][n_in + n_out] */
  sk_problem *problem;
  uint64_t workspace_bytes;
};

struct runner {
  struct shape_state *shape;
  int64_t (*workspace_query)(const sk_env *, const sk_call *);
  int (*init)(const sk_env *);
  int (*run)(const sk_env *, const sk_call *);
  sk_env env;
  const char *entry;
  void *workspace;
  uint32_t guarded_shape; /* shape number + 1 whose guard pages are set up */
};

static void *map_fd(int fd, uint64_t bytes, int protection) {
  if (bytes == 0)
    return NULL;
  /* populated: page faults are not the entry's to pay for */
  void *memory = mmap(NULL, bytes, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static int map_memories(void) {
  struct runner_memory *m = &runner_memory;
  m->channel = map_fd(JUDGE_FD_CHANNEL, JUDGE_CHANNEL_BYTES, PROT_READ | PROT_WRITE);
  struct judge_plan_head head;
  if (pread(JUDGE_FD_PLAN, &head, sizeof head, 0) != (ssize_t)sizeof head || head.magic != JUDGE_PLAN_MAGIC)
    return -1;
  m->plan = map_fd(JUDGE_FD_PLAN, head.plan_bytes, PROT_READ);
  m->inputs = map_fd(JUDGE_FD_INPUTS, head.inputs_bytes, PROT_READ);
  m->outputs = map_fd(JUDGE_FD_OUTPUTS, head.outputs_bytes, PROT_READ | PROT_WRITE);
  m->head = (const void *)m->plan;
  for (int fd = JUDGE_FD_CHANNEL; fd <= JUDGE_FD_OUTPUTS; fd++)
    close(fd);
  return m->channel && m->plan && m->inputs && m->outputs ? 0 : -1;
}

static int build_shape(struct shape_state *s, const struct judge_plan_shape *shape) {
  const struct judge_plan_head *head = runner_memory.head;
  uint32_t per_problem = head->n_in + head->n_out;
  s->shape = shape;
  s->tensor = (const void *)(runner_memory.plan + shape->tensors_at);
  s->descriptor = calloc((size_t)shape->n_problems * per_problem, sizeof *s->descriptor);
  s->problem = calloc(shape->n_problems, sizeof *s->problem);
  if (!s->descriptor || !s->problem)
    return -1;
  const int64_t *sizes = (const void *)(runner_memory.plan + shape->sizes_at);
  for (uint32_t p = 0; p < shape->n_problems; p++) {
    for (uint32_t t = 0; t < per_problem; t++) {
      const struct judge_plan_tensor *from = &s->tensor[p * per_problem + t];
      sk_tensor *to = &s->descriptor[p * per_problem + t];
      to->type = from->type;
      to->rank = from->rank;
      memcpy(to->dim, from->dim, sizeof to->dim);
      memcpy(to->stride, from->stride, sizeof to->stride);
    }
    s->problem[p] = (sk_problem){.size = sizes + (size_t)p * head->n_sizes,
                                 .in = &s->descriptor[p * per_problem],
                                 .out = &s->descriptor[p * per_problem + head->n_in]};
  }
  return 0;
}

static int build_shapes(struct runner *r) {
  const struct judge_plan_head *head = runner_memory.head;
  const struct judge_plan_shape *shape = (const void *)(head + 1);
  r->shape = calloc(head->n_shapes, sizeof *r->shape);
  if (!r->shape)
    return -1;
  for (uint32_t i = 0; i < head->n_shapes; i++)
    if (build_shape(&r->shape[i], &shape[i]))
      return -1;
  return 0;
}

static uint32_t op_load(struct runner *r) {
  struct judge_channel *channel = runner_memory.channel;
  void *object = dlopen(r->entry, RTLD_NOW | RTLD_LOCAL);
  close(JUDGE_FD_ENTRY);
  if (!object)
    return JUDGE_ANSWER_NO_LOAD;
  const uint32_t *abi = dlsym(object, "sk_entry_abi");
  void *symbol[3] = {dlsym(object, "sk_entry_run"), dlsym(object, "sk_entry_init"),
                     dlsym(object, "sk_entry_workspace")};
  memcpy(&r->run, &symbol[0], sizeof symbol[0]); /* ISO C has no cast from object to function */
  memcpy(&r->init, &symbol[1], sizeof symbol[1]);
  memcpy(&r->workspace_query, &symbol[2], sizeof symbol[2]);
  uint32_t symbols = (abi ? JUDGE_HAS_ABI : 0u) | (r->run ? JUDGE_HAS_RUN : 0u) |
                     (r->init ? JUDGE_HAS_INIT : 0u) | (r->workspace_query ? JUDGE_HAS_WORKSPACE : 0u);
  atomic_store(&channel->abi, abi ? *abi : 0);
  atomic_store(&channel->symbols, symbols);
  return abi && r->run ? JUDGE_ANSWER_OK : JUDGE_ANSWER_NO_LOAD;
}

static sk_call make_call(const struct runner *r, uint32_t shape) {
  const struct judge_plan_head *head = runner_memory.head;
  const struct shape_state *s = &r->shape[shape];
  return (sk_call){.problem = s->problem,
                   .n_problems = s->shape->n_problems,
                   .n_sizes = head->n_sizes,
                   .n_in = head->n_in,
                   .n_out = head->n_out,
                   .workspace = s->workspace_bytes ? r->workspace : NULL,
                   .workspace_bytes = s->workspace_bytes};
}

/* Whole pages between two that nobody may touch; the workspace lies at their begin or at their end, by the
 * layout, and stays there: what an entry keeps in it, it finds again. */
static int make_workspace(struct runner *r, uint64_t bytes) {
  struct runner_memory *m = &runner_memory;
  uint64_t page = JUDGE_PAGE_BYTES, pages = (bytes + page - 1) / page * page;
  uint8_t *map =
      mmap(NULL, pages + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (map == MAP_FAILED || mprotect(map, page, PROT_NONE) || mprotect(map + page + pages, page, PROT_NONE))
    return -1;
  m->workspace_map = map;
  m->workspace_map_bytes = pages + 2 * page;
  m->workspace = map + page;
  if (m->head->guards == JUDGE_LAYOUT_GUARD_AFTER)
    m->workspace += pages - (bytes + 63) / 64 * 64;
  r->workspace = m->workspace;
  return 0;
}

static uint32_t op_query(struct runner *r) {
  const struct judge_plan_head *head = runner_memory.head;
  uint64_t most = 0;
  for (uint32_t i = 0; r->workspace_query && i < head->n_shapes; i++) {
    sk_call call = make_call(r, i);
    int64_t bytes = r->workspace_query(&r->env, &call);
    atomic_store(&runner_memory.channel->workspace[i], bytes);
    if (bytes < 0 || (uint64_t)bytes > head->workspace_max)
      continue; /* the judge reads the number and says so */
    r->shape[i].workspace_bytes = (uint64_t)bytes;
    most = (uint64_t)bytes > most ? (uint64_t)bytes : most;
  }
  if (most == 0)
    return JUDGE_ANSWER_OK;
  return make_workspace(r, most) ? JUDGE_ANSWER_NO_MEMORY : JUDGE_ANSWER_OK;
}

static void set_guards(const struct judge_plan_shape *shape, int guarded) {
  const struct judge_plan_guard *guard = (const void *)(runner_memory.plan + shape->guards_at);
  for (uint32_t i = 0; i < shape->n_guards; i++) {
    int is_output = guard[i].memory == JUDGE_MEM_OUTPUTS;
    uint8_t *base = is_output ? runner_memory.outputs : runner_memory.inputs;
    int open_protection = is_output ? PROT_READ | PROT_WRITE : PROT_READ;
    mprotect(base + guard[i].offset, guard[i].bytes, guarded ? PROT_NONE : open_protection);
  }
}

static uint32_t op_shape(struct runner *r, uint32_t shape) {
  if (r->guarded_shape)
    set_guards(r->shape[r->guarded_shape - 1].shape, 0);
  set_guards(r->shape[shape].shape, 1);
  r->guarded_shape = shape + 1;
  return JUDGE_ANSWER_OK;
}

static uint32_t op_run(struct runner *r, uint32_t shape, uint32_t slot) {
  const struct judge_plan_head *head = runner_memory.head;
  const struct shape_state *s = &r->shape[shape];
  uint8_t *in = runner_memory.inputs + slot * s->shape->in_slot_bytes;
  uint8_t *out = runner_memory.outputs + slot * s->shape->out_slot_bytes;
  uint32_t per_problem = head->n_in + head->n_out;
  for (uint32_t p = 0; p < s->shape->n_problems; p++)
    for (uint32_t t = 0; t < per_problem; t++) {
      size_t at = (size_t)p * per_problem + t;
      s->descriptor[at].data = (t < head->n_in ? in : out) + s->tensor[at].offset;
    }
  sk_call call = make_call(r, shape);
  return (uint32_t)r->run(&r->env, &call);
}

static void spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* An entry may write its outputs past the caches and leave; the judge looks at them right after the answer.
 */
static void stores_arrive(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

/* Where nothing is clocked, and where the judge shares our core, waiting must not take the core from it. */
static void wait_politely(uint32_t turns) {
  static const struct timespec moment = {.tv_nsec = 50000};
  if (turns < 64)
    sched_yield();
  else
    nanosleep(&moment, NULL);
}

static uint32_t wait_for_bell(uint32_t seen) {
  struct judge_channel *channel = runner_memory.channel;
  uint32_t bell, turns = 0;
  while ((bell = atomic_load_explicit(&channel->bell, memory_order_acquire)) == seen) {
    if (runner_memory.head->spin)
      spin_pause();
    else
      wait_politely(turns++);
  }
  return bell;
}

static void serve(struct runner *r) {
  struct judge_channel *channel = runner_memory.channel;
  uint32_t bell = 0;
  for (;;) {
    bell = wait_for_bell(bell);
    uint32_t shape = channel->shape, slot = channel->slot, answer = 0;
    switch (channel->op) {
    case JUDGE_OP_LOAD:
      answer = op_load(r);
      break;
    case JUDGE_OP_INIT:
      answer = r->init ? (uint32_t)r->init(&r->env) : 0;
      break;
    case JUDGE_OP_QUERY:
      answer = op_query(r);
      break;
    case JUDGE_OP_SHAPE:
      answer = op_shape(r, shape);
      break;
    case JUDGE_OP_RUN:
      answer = op_run(r, shape, slot);
      break;
    default:
      break;
    }
    stores_arrive();
    atomic_store_explicit(&channel->done, (uint64_t)bell << 32 | answer, memory_order_release);
  }
}

int main(int argc, char **argv) {
  static struct runner runner;
  if (argc != 2)
    return 119;
  runner.entry = argv[1];
  if (map_memories() || build_shapes(&runner))
    return 120;
  const struct judge_plan_head *head = runner_memory.head;
  runner.env = (sk_env){.abi = SK_ABI, .device = head->device, .threads = head->threads};
  if (runner_faults_install())
    return 121;
  if (runner_landlock_install(runner.entry))
    return 123;
  if (runner_seccomp_install(head->threads))
    return 122;
  serve(&runner);
  return 0;
}
