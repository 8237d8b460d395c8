/* Room report: numbers as a reader sees them. Pure; touches only caller's memory. */
#include "report/report_value.h"

#include <math.h>
#include <stdio.h>

struct report_value report_value_missing(void) {
  struct report_value v = {REPORT_MISSING, 0, 0, 0, 0, 0, 0};
  return v;
}

struct report_value report_value_number(double value) {
  struct report_value v = report_value_missing();
  if (isfinite(value)) {
    v.state = REPORT_NUMBER;
    v.value = value;
  }
  return v;
}

static void set_bounds(struct report_value *v, const json_t *low, const json_t *high) {
  if (json_is_number(low) && isfinite(json_number_value(low))) {
    v->has_low = 1;
    v->low = json_number_value(low);
  }
  if (json_is_number(high) && isfinite(json_number_value(high))) {
    v->has_high = 1;
    v->high = json_number_value(high);
  }
  if (v->has_low && v->has_high && v->low > v->high)
    v->has_low = v->has_high = 0;
  v->unbounded = json_is_null(low) && json_is_null(high);
}

struct report_value report_value_from(const json_t *object, const char *key, const char *interval_key) {
  double d = 0;
  if (!json_has_num(object, key, &d))
    return report_value_missing();
  struct report_value v = report_value_number(d);
  const json_t *i = interval_key ? json_object_get(object, interval_key) : NULL;
  if (v.state == REPORT_NUMBER && json_is_array(i) && json_array_size(i) == 2) {
    set_bounds(&v, json_array_get(i, 0), json_array_get(i, 1));
  }
  return v;
}

struct report_value report_value_low_high(const json_t *object, const char *key) {
  struct report_value v = report_value_from(object, key, NULL);
  if (v.state == REPORT_NUMBER) {
    set_bounds(&v, json_object_get(object, "low"), json_object_get(object, "high"));
  }
  return v;
}

struct report_value report_value_ratio(struct report_value a, struct report_value b) {
  if (a.state == REPORT_FAILED || b.state == REPORT_FAILED) {
    struct report_value v = report_value_missing();
    v.state = REPORT_FAILED;
    return v;
  }
  if (a.state != REPORT_NUMBER || b.state != REPORT_NUMBER || !(b.value > 0))
    return report_value_missing();
  struct report_value v = report_value_number(a.value / b.value);
  if (v.state != REPORT_NUMBER)
    return v;
  const double a_low = a.has_low ? a.low : a.value, a_high = a.has_high ? a.high : a.value;
  const double b_low = b.has_low ? b.low : b.value, b_high = b.has_high ? b.high : b.value;
  const int any = a.has_low || a.has_high || b.has_low || b.has_high;
  if (any && b_high > 0 && (a.has_low || b.has_high)) {
    v.has_low = 1;
    v.low = a_low / b_high;
  }
  if (any && b_low > 0 && (a.has_high || b.has_low)) {
    v.has_high = 1;
    v.high = a_high / b_low;
  }
  return v;
}

struct report_value report_value_product(struct report_value a, struct report_value b) {
  if (a.state != REPORT_NUMBER || b.state != REPORT_NUMBER)
    return report_value_missing();
  struct report_value v = report_value_number(a.value * b.value);
  if (v.state != REPORT_NUMBER)
    return v;
  if (a.has_low && b.has_low) {
    v.has_low = 1;
    v.low = a.low * b.low;
  }
  if (a.has_high && b.has_high) {
    v.has_high = 1;
    v.high = a.high * b.high;
  }
  return v;
}

/* Decimals that leave about three significant digits of v. */
static int decimals_of(double v) {
  v = fabs(v);
  if (v >= 99.95)
    return 0;
  if (v >= 9.995)
    return 1;
  return 2;
}

/* v with that many decimals; numbers that no measurement gives are written short. */
static void digits(double v, int decimals, char *out, size_t bytes) {
  if (!isfinite(v))
    (void)snprintf(out, bytes, "no bound");
  else if (fabs(v) >= 1e7)
    (void)snprintf(out, bytes, "%.3g", v);
  else
    (void)snprintf(out, bytes, "%.*f", decimals, v);
}

static const struct {
  double scale;
  const char *name;
} time_unit[] = {{1e-9, "ns"}, {1e-6, "\u00b5s"}, {1e-3, "ms"}, {1, "s"}};

static size_t unit_of(double seconds) {
  size_t u = 0;
  while (u + 1 < sizeof time_unit / sizeof *time_unit && seconds >= 0.9995 * time_unit[u + 1].scale)
    u++;
  return u;
}

void report_seconds_text(double seconds, char out[REPORT_TEXT_BYTES]) {
  const size_t u = unit_of(seconds);
  const double v = seconds / time_unit[u].scale;
  char number[32];
  digits(v, decimals_of(v), number, sizeof number);
  (void)snprintf(out, REPORT_TEXT_BYTES, "%s %s", number, time_unit[u].name);
}

/* " [low, high]" with the value's decimals, appended at out + used. */
static void add_bounds(struct report_value v, double scale, int decimals, char *out, int used) {
  if (v.unbounded && used > 0 && used < REPORT_TEXT_BYTES) {
    (void)snprintf(out + used, REPORT_TEXT_BYTES - (size_t)used, " (too few pairs for an interval)");
    return;
  }
  if ((!v.has_low && !v.has_high) || used < 0 || used >= REPORT_TEXT_BYTES)
    return;
  char low[32], high[32];
  digits(v.has_low ? v.low / scale : NAN, decimals, low, sizeof low);
  digits(v.has_high ? v.high / scale : NAN, decimals, high, sizeof high);
  (void)snprintf(out + used, REPORT_TEXT_BYTES - (size_t)used, " [%s, %s]", low, high);
}

/* 1 when v is a number; otherwise writes the words. */
static int is_number(struct report_value v, char out[REPORT_TEXT_BYTES]) {
  if (v.state == REPORT_NUMBER)
    return 1;
  (void)snprintf(out, REPORT_TEXT_BYTES, "%s", v.state == REPORT_FAILED ? "failed" : "not measured");
  return 0;
}

void report_time(struct report_value v, char out[REPORT_TEXT_BYTES]) {
  if (!is_number(v, out))
    return;
  const size_t u = unit_of(v.value);
  const double scale = time_unit[u].scale, shown = v.value / scale;
  const int decimals = decimals_of(shown);
  char number[32];
  digits(shown, decimals, number, sizeof number);
  const int used = snprintf(out, REPORT_TEXT_BYTES, "%s %s", number, time_unit[u].name);
  add_bounds(v, scale, decimals, out, used);
}

void report_speedup(struct report_value v, char out[REPORT_TEXT_BYTES]) {
  if (!is_number(v, out))
    return;
  const int decimals = fabs(v.value) < 1.9995 ? 3 : decimals_of(v.value);
  char number[32];
  digits(v.value, decimals, number, sizeof number);
  const int used = snprintf(out, REPORT_TEXT_BYTES, "%s\u00d7", number);
  add_bounds(v, 1, decimals, out, used);
}

void report_percent(struct report_value v, char out[REPORT_TEXT_BYTES]) {
  if (!is_number(v, out))
    return;
  const double p = 100 * v.value;
  const int decimals = (p > 0 && p < 9.95) || (p > 99 && p < 100) ? 1 : 0;
  (void)snprintf(out, REPORT_TEXT_BYTES, "%.*f %%", decimals, p);
}

void report_number(struct report_value v, char out[REPORT_TEXT_BYTES]) {
  if (!is_number(v, out))
    return;
  const double a = fabs(v.value);
  int used;
  if (a != 0 && (a >= 1e7 || a < 1e-3))
    used = snprintf(out, REPORT_TEXT_BYTES, "%.3g", v.value);
  else if (v.value == floor(v.value))
    used = snprintf(out, REPORT_TEXT_BYTES, "%.0f", v.value);
  else
    used = snprintf(out, REPORT_TEXT_BYTES, "%.*f", a < 0.0995 ? 4 : a < 0.995 ? 3 : decimals_of(a), v.value);
  add_bounds(v, 1, decimals_of(a), out, used);
}

void report_duration(double seconds, char out[REPORT_TEXT_BYTES]) {
  if (!isfinite(seconds) || seconds < 0)
    seconds = 0;
  if (seconds < 59.95) {
    (void)snprintf(out, REPORT_TEXT_BYTES, "%.*f s", seconds < 9.95 ? 1 : 0, seconds);
    return;
  }
  const double whole = floor(seconds + 0.5), hours = floor(whole / 3600);
  const double minutes = floor((whole - 3600 * hours) / 60), rest = whole - 3600 * hours - 60 * minutes;
  if (hours > 0)
    (void)snprintf(out, REPORT_TEXT_BYTES, "%.0f h %02.0f min", hours, minutes);
  else
    (void)snprintf(out, REPORT_TEXT_BYTES, "%.0f min %02.0f s", minutes, rest);
}
