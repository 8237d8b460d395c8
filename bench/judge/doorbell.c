/* Room: bench. judge_doorbell: what the judge adds to every call it clocks. An entry that writes one element
 * and returns is rung again and again, just as a block rings it, a byte of its output read after each answer;
 * each round trip is one disturbance. Also prints how long
 * stopping takes, which every block's clock includes. Microseconds, on stdout. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base_clock.h"
#include "base/base_file.h"
#include "judge/judge_calibration.h"
#include "judge/judge_internal.h"
#include "power.h"

enum { RINGS = 1000000, BLOCK = 100, STOPS = 1000 };
static const char entry[] = "#include <sharktank/entry.h>\nconst uint32_t sk_entry_abi = SK_ABI;\n"
                            "int sk_entry_run(const sk_env *e, const sk_call *c) {\n"
                            "  static float calls; (void)e;\n"
                            "  *(float *)c->problem[0].out[0].data = ++calls; return 0; }\n";

struct doorbell {
  struct challenge *challenge;
  struct judge *judge;
  struct judge_build build;
  struct judge_course course;
  struct judge_child child;
};

static enum status start(struct doorbell *d, struct error *e) {
  char folder[4096];
  struct judge_verdict v = {0};
  enum status s = judge_twin_challenge(folder, sizeof folder, e);
  if (!s)
    s = challenge_open(folder, &d->challenge, e);
  if (!s)
    s = judge_open(d->challenge, NULL, &d->judge, e);
  if (!s)
    s = judge_build_create(d->judge, entry, sizeof entry - 1, &d->build, e);
  if (!s)
    s = judge_course_create(d->judge, 0, "bench1", &d->course, e);
  if (!s)
    s = judge_course_memory(d->judge, &d->course, e);
  if (!s)
    s = judge_child_start(d->judge, &d->build, d->course.shape, d->course.n, d->course.most_slots,
                          d->judge->child_cpu, &d->course.inputs, &d->child, e);
  if (!s)
    s = judge_child_prepare(d->judge, &d->child, &v, e);
  return !s && v.kind ? error_set(e, ST_INTERNAL, "the empty entry is at fault: %s", v.where) : s;
}

static void print_row(const char *name, double *x, size_t n) {
  static const double q[] = {0.5, 0.9, 0.99, 0.999, 1};
  printf("| %s | %zu |", name, n);
  for (size_t i = 0; i < sizeof q / sizeof q[0]; i++)
    printf(" %.3f |", power_quantile(x, n, q[i]));
  printf("\n");
}

/* Rounds of calls with a stop between them, as blocks are. */
static enum status ring(struct doorbell *d, double *trip_us, double *stop_us, struct error *e) {
  struct judge_pin pin;
  const volatile uint8_t *output = d->child.outputs.data + d->course.shape[0]->out_at[0];
  uint32_t answer, seen = 0;
  judge_pin_take(d->judge, &pin);
  enum status s = ST_OK;
  for (size_t round = 0; round < RINGS / BLOCK && !s; round++) {
    int urgent = judge_block_set_first(d->judge, &d->child, 1);
    if (sandbox_continue(&d->child.process))
      s = error_set(e, ST_INTERNAL, "the empty entry ended");
    /* the first call waits for the child to wake: it is made before the clock is read */
    judge_child_ring(&d->child, JUDGE_OP_RUN, 0, 0);
    enum judge_reply reply = judge_child_wait(&d->child, d->judge->judge_cpu >= 0, 1000000000, &answer);
    for (size_t i = 0; i < BLOCK && !s && reply == JUDGE_REPLY_DONE; i++) {
      int64_t start_ns = clock_mono_ns();
      judge_child_ring(&d->child, JUDGE_OP_RUN, 0, 0);
      reply = judge_child_wait(&d->child, d->judge->judge_cpu >= 0, 1000000000, &answer);
      seen += *output;
      trip_us[round * BLOCK + i] = (double)(clock_mono_ns() - start_ns) * 1e-3;
    }
    int64_t stop_ns = clock_mono_ns();
    if (!s && (reply != JUDGE_REPLY_DONE || sandbox_stop(&d->child.process)))
      s = error_set(e, ST_INTERNAL, "the empty entry did not answer, or did not stop");
    if (round < STOPS)
      stop_us[round] = (double)(clock_mono_ns() - stop_ns) * 1e-3;
    if (urgent)
      (void)judge_block_set_first(d->judge, &d->child, 0);
  }
  judge_pin_release(&pin);
  return !s && seen == 0 ? error_set(e, ST_INTERNAL, "the empty entry wrote nothing") : s;
}

int main(void) {
  static double trip_us[RINGS], stop_us[STOPS];
  struct doorbell d = {.build = {.object_fd = -1},
                       .child = {.channel = {.fd = -1}, .plan = {.fd = -1}, .outputs = {.fd = -1}}};
  struct error e = {0};
  struct judge_machine m;
  judge_machine_here(&m);
  enum status s = start(&d, &e);
  if (!s)
    s = ring(&d, trip_us, stop_us, &e);
  if (!s) {
    printf("%s, %lld cores\n\n| microseconds | n | median | 90 %% | 99 %% | 99.9 %% | largest |\n"
           "|---|---|---|---|---|---|---|\n",
           m.cpu, (long long)m.cores);
    print_row("one call, rung and answered", trip_us, RINGS);
    print_row("stopping the entry", stop_us, STOPS);
  } else {
    fprintf(stderr, "judge_doorbell: %s\n", e.text);
  }
  judge_child_end(&d.child);
  judge_course_free(&d.course);
  judge_build_free(&d.build);
  judge_close(d.judge);
  challenge_close(d.challenge);
  return status_exit(s);
}
