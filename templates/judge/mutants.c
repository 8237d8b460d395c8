/* What `sharktank check --self` puts behind a challenge's incumbent: entries that are wrong in one way each.
 * Entry code: C library only. src/judge/judge_self_mutant.c writes the incumbent above it, with its
 * sk_entry_run renamed to sk_mutant_original, and between the two
 *   #define MUTANT_name 1           which of them this is
 *   static const ... mutant_...     what the challenge's layouts say, for those that need it
 * Nothing here knows any challenge: only the descriptors of tensors. */
#include <stdlib.h>
#include <string.h>

int sk_entry_run(const sk_env *env, const sk_call *call);
int sk_mutant_original(const sk_env *env, const sk_call *call);

/* ---- Tensors, element by element in row-major order -------------------------------------------------- */

static inline size_t mutant_bytes(uint32_t type) {
  return type == SK_F16 || type == SK_BF16  ? 2
         : type == SK_F32 || type == SK_I32 ? 4
         : type == SK_F64 || type == SK_I64 ? 8
                                            : 1;
}

static inline int64_t mutant_elems(const sk_tensor *t) {
  int64_t n = 1;
  for (uint32_t axis = 0; axis < t->rank; axis++)
    n *= t->dim[axis];
  return n;
}

static inline unsigned char *mutant_at(const sk_tensor *t, int64_t i) {
  int64_t offset = 0;
  for (uint32_t axis = t->rank; axis-- > 0; i /= t->dim[axis])
    offset += i % t->dim[axis] * t->stride[axis];
  return (unsigned char *)t->data + offset;
}

static inline uint64_t mutant_get(const sk_tensor *t, int64_t i) {
  uint64_t bits = 0;
  memcpy(&bits, mutant_at(t, i), mutant_bytes(t->type));
  return bits;
}

static inline void mutant_put(const sk_tensor *t, int64_t i, uint64_t bits) {
  memcpy(mutant_at(t, i), &bits, mutant_bytes(t->type));
}

/* Where the exponent of a float type begins and how wide it is; 0 for whole numbers. */
static inline unsigned mutant_exponent(uint32_t type, unsigned *first) {
  static const struct {
    uint32_t type;
    unsigned first, bits;
  } known[] = {{SK_E4M3, 3, 4}, {SK_F16, 10, 5}, {SK_BF16, 7, 8}, {SK_F32, 23, 8}, {SK_F64, 52, 11}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].type == type) {
      *first = known[i].first;
      return known[i].bits;
    }
  *first = 0;
  return 0;
}

static inline uint64_t mutant_one(uint32_t type) {
  unsigned first, bits = mutant_exponent(type, &first);
  return bits ? ((UINT64_C(1) << (bits - 1)) - 1) << first : type == SK_E2M1X2 ? 0x22 : 1;
}

/* A value that is plainly another one: twice as large, or half where that would be no number. */
static inline uint64_t mutant_other(uint32_t type, uint64_t value) {
  unsigned first, bits = mutant_exponent(type, &first);
  if (type == SK_E2M1X2)
    return value ^ 0x77;
  if (!bits)
    return value * 2 + 1;
  uint64_t step = UINT64_C(1) << first, mask = ((UINT64_C(1) << bits) - 1) << first;
  uint64_t sign = UINT64_C(1) << (first + bits);
  if ((value & (sign - 1)) == 0 || (value & mask) == mask)
    return mutant_one(type);
  return (value & mask) + step >= mask ? value - step : value + step;
}

/* Every output of a call. */
#define MUTANT_EACH_OUTPUT(call, t)                                                                          \
  for (uint32_t p_##t = 0; p_##t < (call)->n_problems; p_##t++)                                              \
    for (const sk_tensor *t = (call)->problem[p_##t].out, *end_##t = t + (call)->n_out; t < end_##t; t++)

static inline void mutant_fill(const sk_call *call, int one) {
  MUTANT_EACH_OUTPUT(call, t)
  for (int64_t i = 0; i < mutant_elems(t); i++)
    mutant_put(t, i, one ? mutant_one(t->type) : 0);
}

/* ---- The incumbent on inputs that were tampered with -------------------------------------------------- */

static inline int64_t mutant_span(const sk_tensor *t) {
  int64_t span = (int64_t)mutant_bytes(t->type);
  for (uint32_t axis = 0; axis < t->rank; axis++)
    span += (t->dim[axis] - 1) * t->stride[axis];
  return span;
}

/* Zeros what lies in the second half of an axis. */
static inline void mutant_cut(const sk_tensor *t, uint32_t axis) {
  int64_t inner = 1;
  for (uint32_t a = axis + 1; a < t->rank; a++)
    inner *= t->dim[a];
  for (int64_t i = 0; i < mutant_elems(t); i++)
    if (i / inner % t->dim[axis] >= (t->dim[axis] + 1) / 2)
      mutant_put(t, i, 0);
}

#if defined MUTANT_half || defined MUTANT_ignore
static void mutant_tamper(uint32_t input, const sk_tensor *t) {
#ifdef MUTANT_half
  for (size_t i = 0; i < sizeof mutant_halved / sizeof mutant_halved[0]; i++)
    if (mutant_halved[i][0] == input)
      mutant_cut(t, mutant_halved[i][1]);
#else
  if (input == MUTANT_INPUT)
    for (int64_t i = 0; i < mutant_elems(t); i++)
      mutant_put(t, i, 0);
#endif
}

static int mutant_tampered(const sk_env *env, const sk_call *call) {
  uint32_t n = call->n_problems, in = call->n_in;
  sk_problem *problem = calloc(n, sizeof *problem);
  sk_tensor *tensor = calloc((size_t)n * in, sizeof *tensor);
  sk_call other = *call;
  int result = problem && tensor ? 0 : -1;
  for (uint32_t i = 0; i < n * in && result == 0; i++) {
    sk_tensor *t = &tensor[i];
    *t = call->problem[i / in].in[i % in];
    size_t bytes = (size_t)mutant_span(t);
    void *copy = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (copy)
      memcpy(copy, t->data, bytes);
    t->data = copy;
    result = copy ? 0 : -1;
    if (copy)
      mutant_tamper(i % in, t);
  }
  for (uint32_t p = 0; p < n && result == 0; p++) {
    problem[p] = call->problem[p];
    problem[p].in = tensor + (size_t)p * in;
  }
  other.problem = problem;
  if (result == 0)
    result = sk_mutant_original(env, &other);
  for (uint32_t i = 0; tensor && i < n * in; i++)
    free(tensor[i].data);
  free(tensor);
  free(problem);
  return result;
}
#endif

/* ---- What is remembered between calls ------------------------------------------------------------------ */

#ifdef MUTANT_stale
/* The first result of every shape, and nothing but that one later. */
static struct mutant_memory {
  uint64_t shape;
  unsigned char *bytes;
} mutant_memory[256];

static uint64_t mutant_shape(const sk_call *call) {
  uint64_t h = 1;
  for (uint32_t p = 0; p < call->n_problems; p++)
    for (uint32_t i = 0; i < call->n_sizes; i++)
      h = (h ^ (uint64_t)call->problem[p].size[i]) * UINT64_C(0x100000001b3) + p + 1;
  return h;
}

static int mutant_stale(const sk_env *env, const sk_call *call) {
  uint64_t shape = mutant_shape(call);
  size_t bytes = 0, at = 0;
  struct mutant_memory *m = mutant_memory;
  while (m->bytes && m->shape != shape && m < mutant_memory + 255)
    m++;
  MUTANT_EACH_OUTPUT(call, t) bytes += (size_t)mutant_elems(t) * mutant_bytes(t->type);
  int known = m->bytes && m->shape == shape;
  if (!known) {
    int result = sk_mutant_original(env, call);
    m->shape = shape;
    free(m->bytes);
    m->bytes = malloc(bytes + 1);
    if (result || !m->bytes)
      return -1;
  }
  MUTANT_EACH_OUTPUT(call, u)
  for (int64_t i = 0; i < mutant_elems(u); i++, at += mutant_bytes(u->type)) {
    if (known)
      memcpy(mutant_at(u, i), m->bytes + at, mutant_bytes(u->type));
    else
      memcpy(m->bytes + at, mutant_at(u, i), mutant_bytes(u->type));
  }
  return 0;
}
#endif

#if defined MUTANT_first_shape || defined MUTANT_known_shapes
/* mutant_known: for each shape the number of its problems and then their sizes; a 0 ends it. */
static int mutant_is_known(const sk_call *call) {
  size_t sizes = (size_t)call->n_problems * call->n_sizes;
  for (const int64_t *shape = mutant_known; *shape; shape += 1 + *shape * call->n_sizes) {
    int same = *shape == (int64_t)call->n_problems;
    for (size_t i = 0; same && i < sizes; i++)
      same = shape[1 + i] == call->problem[i / call->n_sizes].size[i % call->n_sizes];
    if (same)
      return 1;
  }
  return 0;
}
#endif

#ifdef MUTANT_narrow
/* mutant_seen: for each input, a bit for each byte that the task's own inputs hold. */
static int mutant_is_narrow(const sk_call *call) {
  for (uint32_t p = 0; p < call->n_problems; p++)
    for (uint32_t in = 0; in < call->n_in; in++) {
      const sk_tensor *t = &call->problem[p].in[in];
      for (int64_t i = 0; i < mutant_elems(t); i++) {
        uint64_t value = mutant_get(t, i);
        for (size_t b = 0; b < mutant_bytes(t->type); b++, value >>= 8)
          if (!(mutant_seen[in][(value & 255) / 8] >> (value & 7) & 1))
            return 0;
      }
    }
  return 1;
}
#endif

/* ---- Right results, then one thing is spoilt ---------------------------------------------------------- */

static inline void mutant_swap(const sk_tensor *a, int64_t i, const sk_tensor *b, int64_t k) {
  uint64_t one = mutant_get(a, i), other = mutant_get(b, k);
  mutant_put(a, i, other);
  mutant_put(b, k, one);
}

static inline void mutant_transpose(const sk_tensor *t) {
  int64_t rows = t->rank < 2 ? 1 : t->dim[t->rank - 2], columns = t->dim[t->rank - 1], n = mutant_elems(t);
  uint64_t *copy = malloc((size_t)n * sizeof *copy);
  for (int64_t i = 0; copy && i < n; i++)
    copy[i] = mutant_get(t, i);
  for (int64_t i = 0; copy && i < n; i++) {
    int64_t first = i - i % (rows * columns), in = i % (rows * columns);
    /* [columns][rows] in the memory of [rows][columns] */
    mutant_put(t, i, copy[first + in % rows * columns + in / rows]);
  }
  free(copy);
}

static inline void mutant_spoil(const sk_call *call) {
#ifdef MUTANT_one_wrong
  const sk_tensor *t = &call->problem[call->n_problems - 1].out[call->n_out - 1];
  int64_t i = mutant_elems(t) * 2 / 3;
  mutant_put(t, i, mutant_other(t->type, mutant_get(t, i)));
#elif defined MUTANT_groups_swapped
  for (uint32_t o = 0; o < call->n_out && call->n_problems > 1; o++) {
    const sk_tensor *a = &call->problem[0].out[o], *b = &call->problem[1].out[o];
    for (int64_t i = 0; i < mutant_elems(a) && i < mutant_elems(b); i++)
      mutant_swap(a, i, b, i);
  }
#elif defined MUTANT_ends_swapped
  MUTANT_EACH_OUTPUT(call, t) {
    int64_t n = mutant_elems(t), slab = n / t->dim[0];
    for (int64_t i = 0; i < slab && n > slab; i++)
      mutant_swap(t, i, t, n - slab + i);
  }
#elif defined MUTANT_transposed
  MUTANT_EACH_OUTPUT(call, t) mutant_transpose(t);
#elif defined MUTANT_nan_for_infinity || defined MUTANT_finite_for_infinity
  MUTANT_EACH_OUTPUT(call, t) {
    unsigned first, bits = mutant_exponent(t->type, &first);
    uint64_t top = ((UINT64_C(1) << bits) - 1) << first, below = (UINT64_C(1) << (first + bits)) - 1;
    for (int64_t i = 0; bits && i < mutant_elems(t); i++)
      if ((mutant_get(t, i) & below) == top)
#ifdef MUTANT_nan_for_infinity
        mutant_put(t, i, mutant_get(t, i) | 1);
#else
        mutant_put(t, i, mutant_get(t, i) - 1);
#endif
  }
#else
  (void)call;
#endif
}

#ifdef MUTANT_tail
/* The last 5 % of every output stay what they were. */
static int mutant_tail(const sk_env *env, const sk_call *call) {
  uint64_t *kept[256] = {0};
  uint32_t n = 0;
  MUTANT_EACH_OUTPUT(call, t) {
    int64_t elems = mutant_elems(t), tail = elems / 20 > 0 ? elems / 20 : 1;
    uint64_t *copy = n < 256 ? malloc((size_t)tail * sizeof *copy) : NULL;
    for (int64_t i = 0; copy && i < tail; i++)
      copy[i] = mutant_get(t, elems - tail + i);
    if (copy)
      kept[n++] = copy;
  }
  int result = sk_mutant_original(env, call);
  uint32_t k = 0;
  MUTANT_EACH_OUTPUT(call, u) {
    int64_t elems = mutant_elems(u), tail = elems / 20 > 0 ? elems / 20 : 1;
    for (int64_t i = 0; k < n && i < tail; i++)
      mutant_put(u, elems - tail + i, kept[k][i]);
    if (k < n)
      free(kept[k++]);
  }
  return result;
}
#endif

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
#if defined MUTANT_nothing
  (void)call;
  return 0;
#elif defined MUTANT_zeros || defined MUTANT_constant
#ifdef MUTANT_zeros
  mutant_fill(call, 0);
#else
  mutant_fill(call, 1);
#endif
  return 0;
#elif defined MUTANT_copy
  for (uint32_t p = 0; p < call->n_problems; p++)
    for (uint32_t o = 0; o < call->n_out; o++) {
      const sk_tensor *from = &call->problem[p].in[0], *to = &call->problem[p].out[o];
      size_t in = mutant_bytes(from->type), out = mutant_bytes(to->type);
      int64_t elems = mutant_elems(from);
      for (int64_t i = 0; i < mutant_elems(to); i++)
        for (size_t b = 0; b < out; b++) {
          size_t byte = (size_t)i * out + b;
          mutant_at(to, i)[b] = mutant_at(from, (int64_t)(byte / in) % elems)[byte % in];
        }
    }
  return 0;
#elif defined MUTANT_half || defined MUTANT_ignore
  return mutant_tampered(env, call);
#elif defined MUTANT_tail
  return mutant_tail(env, call);
#elif defined MUTANT_stale
  return mutant_stale(env, call);
#else
#if defined MUTANT_first_shape || defined MUTANT_known_shapes
  int right = mutant_is_known(call);
#elif defined MUTANT_narrow
  int right = mutant_is_narrow(call);
#else
  int right = 1;
#endif
  int result = sk_mutant_original(env, call);
  if (right)
    mutant_spoil(call);
  else
    mutant_fill(call, 0);
  return result;
#endif
}
