/* Room: bench. The entry whose builds are raced by `make power`. May include sharktank/entry.h.
 *
 * The work of a call is m * ceil(k / 4) row updates (c row += four elements of a times four rows of b) and
 * nothing else of weight. A slowdown of x % is x % more row updates of the same kind, on a row of the
 * workspace: EXTRA_PER_MILLION of them for every million, spread evenly over the call, counted by an
 * accumulator without rounding drift.
 *
 * What differs between builds that do the same (the program puts the #defines above):
 *   EXTRA_PER_MILLION  0: the plain build
 *   UPDATE, MULTIPLY   other names of the two functions
 *   ORDER_SWAPPED      the functions stand the other way round in the object
 *   PAD_TEXT, PAD_DATA bytes of unused code and data before them
 * The challenge's compile line aligns functions and loops: without that, padding alone made one build of an
 * earlier form of this entry 38 % slower than another, which is a true difference, not a judge's error. */
#include <sharktank/entry.h>

#ifndef EXTRA_PER_MILLION
#define EXTRA_PER_MILLION 0
#endif
#ifndef UPDATE
#define UPDATE   update
#define MULTIPLY multiply
#endif

const uint32_t sk_entry_abi = SK_ABI;

/* Read once a call and not known to the compiler: the code of all builds is the same, only this differs. */
static const volatile int64_t extra_per_million = EXTRA_PER_MILLION;

#ifdef PAD_TEXT
__asm__(".text\n.skip " PAD_TEXT ", 0x90\n");
#endif
#ifdef PAD_DATA
__attribute__((used)) static unsigned char padding[PAD_DATA] = {1};
#endif

/* The linker lays this section before the others: one function changes places with the other. */
#ifdef ORDER_SWAPPED
#define PLACE __attribute__((section(".text.unlikely")))
#else
#define PLACE
#endif

/* A call, so that neither build's updates are merged with their surroundings. factors: 1 to 4. */
__attribute__((noinline)) static void UPDATE(float *row, const float *factor, int64_t factors,
                                             const float *from, int64_t n);
PLACE __attribute__((noinline)) static void MULTIPLY(const sk_problem *p, const float *a, const float *b,
                                                     float *c, float *spare);

int64_t sk_entry_workspace(const sk_env *env, const sk_call *call) {
  (void)env;
  return call->problem[0].size[1] * 4;
}

static void UPDATE(float *row, const float *factor, int64_t factors, const float *from, int64_t n) {
  const float *from1 = from + (factors > 1 ? n : 0), *from2 = from + (factors > 2 ? 2 * n : 0);
  const float *from3 = from + (factors > 3 ? 3 * n : 0);
  float x = factor[0], x1 = factors > 1 ? factor[1] : 0, x2 = factors > 2 ? factor[2] : 0;
  float x3 = factors > 3 ? factor[3] : 0;
  for (int64_t j = 0; j < n; j++)
    row[j] += x * from[j] + x1 * from1[j] + x2 * from2[j] + x3 * from3[j];
}

static void MULTIPLY(const sk_problem *p, const float *a, const float *b, float *c, float *spare) {
  const int64_t m = p->size[0], n = p->size[1], k = p->size[2], extra = extra_per_million;
  int64_t owed = 0;
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++)
      c[i * n + j] = 0;
    for (int64_t q = 0; q < k; q += 4) {
      int64_t factors = k - q < 4 ? k - q : 4;
      UPDATE(c + i * n, a + i * k + q, factors, b + q * n, n);
      owed += extra;
      if (owed >= 1000000) {
        owed -= 1000000;
        UPDATE(spare, a + i * k + q, factors, b + q * n, n);
      }
    }
  }
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  const sk_problem *p = &call->problem[0];
  (void)env;
  MULTIPLY(p, p->in[0].data, p->in[1].data, p->out[0].data, call->workspace);
  return 0;
}
