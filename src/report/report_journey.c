/* Room report: the performance journey as a picture. Pure but for the buffer.
 *
 * Every coordinate is computed from positive finite numbers and clamped to the canvas, so that no
 * log, however odd, yields a broken picture. Colours are CSS classes of the page.
 */
#include "report/report_journey.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report_escape.h"

#define WIDTH  960.0
#define HEIGHT 420.0
#define LEFT   76.0
#define RIGHT  34.0
#define TOP    26.0
#define BOTTOM 62.0

struct axes {
  double low, high;  /* log10 of seconds */
  double last_round; /* of the x axis, at least 1 */
};

static double clamp(double v, double low, double high) {
  return v < low ? low : v > high ? high : v;
}

static double x_of(const struct axes *a, double round) {
  return LEFT + clamp(round / a->last_round, 0, 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *a, double seconds) {
  const double share = (log10(seconds) - a->low) / (a->high - a->low);
  return HEIGHT - BOTTOM - clamp(share, 0, 1) * (HEIGHT - TOP - BOTTOM);
}

static int usable(struct report_value v) {
  return v.state == REPORT_NUMBER && v.value > 1e-12 && v.value < 1e6;
}

static void widen(struct axes *a, struct report_value v) {
  if (!usable(v))
    return;
  a->low = fmin(a->low, log10(v.value));
  a->high = fmax(a->high, log10(v.value));
}

static struct axes make_axes(const struct report_view *v) {
  struct axes a = {log10(v->start_seconds.value), log10(v->start_seconds.value), 1};
  widen(&a, v->limit_seconds);
  for (size_t i = 0; i < v->n_points; i++) {
    widen(&a, v->point[i].seconds);
    a.last_round = fmax(a.last_round, (double)v->point[i].round);
  }
  if (v->state->n_rounds)
    a.last_round = fmax(a.last_round, (double)v->state->round[v->state->n_rounds - 1].round);
  a.low -= 0.12;
  a.high += 0.12;
  if (a.high - a.low < 0.5) { /* nothing happened yet: a readable span around it */
    const double middle = (a.high + a.low) / 2;
    a.low = middle - 0.25;
    a.high = middle + 0.25;
  }
  return a;
}

static void text_at(struct buffer *out, const char *class, double x, double y, const char *anchor,
                    const char *text) {
  buffer_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y, anchor);
  report_escape_html(out, text, REPORT_ONE_LINE);
  buffer_text(out, "</text>\n");
}

static void grid(struct buffer *out, const struct axes *a) {
  const double span = a->high - a->low;
  static const double steps[] = {1, 2, 5};
  for (int decade = (int)floor(a->low); decade <= (int)ceil(a->high); decade++) {
    for (size_t i = 0; i < 3; i++) {
      if (i && span > 2.6)
        continue;
      const double seconds = steps[i] * pow(10, decade), at = log10(seconds);
      if (at < a->low || at > a->high)
        continue;
      char label[REPORT_TEXT_BYTES];
      report_seconds_text(seconds, label);
      char *dot = strstr(label, ".0"); /* "1.00 ms" -> "1 ms": ticks are round numbers */
      if (dot)
        memmove(dot, dot + strcspn(dot, " "), strlen(dot + strcspn(dot, " ")) + 1);
      buffer_printf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
                    y_of(a, seconds), WIDTH - RIGHT, y_of(a, seconds));
      text_at(out, "tick", LEFT - 10, y_of(a, seconds) + 4, "end", label);
    }
  }
  const double step = ceil(a->last_round / 16);
  for (double r = 0; r <= a->last_round; r += step) {
    char label[32];
    if (r > 0)
      (void)snprintf(label, sizeof label, "%.0f", r);
    text_at(out, "tick", x_of(a, r), HEIGHT - BOTTOM + 34, "middle", r > 0 ? label : "start");
  }
  text_at(out, "tick", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle", "round");
}

static void limit_line(struct buffer *out, const struct axes *a, const struct report_view *v) {
  if (!usable(v->limit_seconds))
    return;
  const double y = y_of(a, v->limit_seconds.value);
  char time[REPORT_TEXT_BYTES], label[REPORT_TEXT_BYTES + 64];
  report_time(v->limit_seconds, time);
  (void)snprintf(label, sizeof label, "machine's limit for these shapes %s", time);
  buffer_printf(out, "<line class=\"limit\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, y,
                WIDTH - RIGHT, y);
  text_at(out, "limit-text", LEFT + 8, y - 7, "start", label);
}

/* The incumbent's time: level until a round replaces it, then down. */
static void path(struct buffer *out, const struct axes *a, const struct report_view *v) {
  double y = y_of(a, v->start_seconds.value);
  buffer_printf(out, "<path class=\"journey\" d=\"M%.1f %.1f", x_of(a, 0), y);
  for (size_t i = 0; i < v->n_points; i++) {
    const struct report_point *p = &v->point[i];
    if (p->kind != REPORT_POINT_ACCEPTED || !usable(p->seconds))
      continue;
    y = y_of(a, p->seconds.value);
    buffer_printf(out, "H%.1fV%.1f", x_of(a, (double)p->round), y);
  }
  const double played = v->state->n_rounds ? (double)v->state->round[v->state->n_rounds - 1].round : 0;
  buffer_printf(out, "H%.1f\"/>\n", x_of(a, played));
}

static void tooltip(struct buffer *out, const struct report_point *p) {
  char time[REPORT_TEXT_BYTES], total[REPORT_TEXT_BYTES];
  report_time(p->seconds, time);
  report_speedup(p->total, total);
  buffer_text(out, "<title>");
  if (p->round)
    buffer_printf(out, "Round %lld: ", (long long)p->round);
  report_escape_html(out, p->label, REPORT_ONE_LINE);
  buffer_printf(out, " \xe2\x80\x94 %s, %s since the start</title>", time, total);
}

static void whisker(struct buffer *out, const struct axes *a, double x, struct report_value v) {
  if (!v.has_low || !v.has_high || !(v.low > 1e-12) || !(v.high < 1e6))
    return;
  buffer_printf(out, "<line class=\"whisker\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
                y_of(a, v.low), x, y_of(a, v.high));
}

static void points(struct buffer *out, const struct axes *a, const struct report_view *v) {
  double label_x = -1e9, label_y = -1e9;
  for (size_t i = 0; i < v->n_points; i++) {
    const struct report_point *p = &v->point[i];
    if (!usable(p->seconds))
      continue;
    const double x = x_of(a, (double)p->round), y = y_of(a, p->seconds.value);
    buffer_text(out, "<g>");
    tooltip(out, p);
    if (p->kind == REPORT_POINT_TRIED) {
      buffer_printf(out, "<path class=\"tried\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/></g>\n", x - 4, y - 4);
      continue;
    }
    whisker(out, a, x, p->seconds);
    buffer_printf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/></g>\n",
                  p->kind == REPORT_POINT_FINAL ? "final" : "accepted", x, y,
                  p->kind == REPORT_POINT_FINAL ? "7" : "5");
    if (p->kind == REPORT_POINT_FINAL)
      continue; /* its number is the page's headline */
    const double at_y = p->kind == REPORT_POINT_START ? y - 12 : y - 11;
    if (fabs(x - label_x) < 44 && fabs(at_y - label_y) < 14)
      continue;
    char text[REPORT_TEXT_BYTES];
    struct report_value plain = p->kind == REPORT_POINT_START ? p->seconds : p->total;
    plain.has_low = plain.has_high = 0;
    if (p->kind == REPORT_POINT_START)
      report_time(plain, text);
    else
      report_speedup(plain, text);
    const int edge = x > WIDTH - RIGHT - 30;
    text_at(out, "label", x + (edge ? 6 : 8), at_y, edge ? "end" : "start", text);
    label_x = x;
    label_y = at_y;
  }
}

/* Ideas that never got a time stand as marks under the axis: failed is not the same as slow. */
static void failures(struct buffer *out, const struct axes *a, const struct report_view *v) {
  for (size_t i = 0; i < v->n_attempts; i++) {
    const struct report_attempt *t = &v->attempt[i];
    if (t->actual.state != REPORT_FAILED)
      continue;
    buffer_text(out, "<g><title>Round ");
    buffer_printf(out, "%lld: ", (long long)t->round->round);
    report_escape_html(out, t->title, REPORT_ONE_LINE);
    buffer_text(out, " \xe2\x80\x94 ");
    report_escape_html(out, *t->kind ? t->kind : t->status, REPORT_ONE_LINE);
    buffer_printf(out, "</title><path class=\"failed\" d=\"M%.1f %.1fl7 7m0 -7l-7 7\"/></g>\n",
                  x_of(a, (double)t->round->round) - 3.5, HEIGHT - BOTTOM + 7);
  }
}

int report_journey_svg(struct buffer *out, const struct report_view *v) {
  if (!usable(v->start_seconds))
    return 0;
  const struct axes a = make_axes(v);
  buffer_printf(
      out,
      "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"Time per call over the rounds, log scale\">\n",
      WIDTH, HEIGHT);
  grid(out, &a);
  buffer_printf(out, "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
                HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM);
  limit_line(out, &a, v);
  path(out, &a, v);
  points(out, &a, v);
  failures(out, &a, v);
  buffer_text(out, "</svg>\n");
  return 1;
}
