/* Room: agent. May use base. Unified differences of two texts by lines: see agent_edits.h. Lines become
 * numbers first (equal lines, equal numbers); Myers' middle snakes then divide the problem until one side of
 * a box is empty. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_edits.h"

enum { STEPS_MAX = 64 << 20 };

struct line {
  const char *text;
  size_t bytes; /* its line end included */
  int32_t id;
};

struct side {
  const char *text;
  size_t bytes;
  struct line *line;
  int32_t *id;
  uint8_t *changed; /* removed from a, or added in b */
  int32_t n;
};

struct work {
  struct side a, b;
  int32_t *forward, *backward; /* furthest x per diagonal; -1: not reached */
  int64_t steps;
};

static size_t count_lines(const char *text, size_t bytes) {
  size_t n = bytes && text[bytes - 1] != '\n';
  for (size_t i = 0; i < bytes; i++)
    n += text[i] == '\n';
  return n;
}

static int split(struct side *s) {
  size_t n = count_lines(s->text, s->bytes), at = 0;
  s->n = (int32_t)n;
  s->line = calloc(n + 1, sizeof *s->line);
  s->id = calloc(n + 1, sizeof *s->id);
  s->changed = calloc(n + 1, 1);
  if (!s->line || !s->id || !s->changed)
    return -1;
  for (size_t i = 0; i < n; i++) {
    const char *nl = memchr(s->text + at, '\n', s->bytes - at);
    size_t end = nl ? (size_t)(nl - s->text) + 1 : s->bytes;
    s->line[i] = (struct line){s->text + at, end - at, 0};
    at = end;
  }
  return 0;
}

static int by_text(const void *x, const void *y) {
  const struct line *a = *(const struct line *const *)x, *b = *(const struct line *const *)y;
  size_t n = a->bytes < b->bytes ? a->bytes : b->bytes;
  int order = memcmp(a->text, b->text, n);
  return order ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* Equal lines of both sides get equal numbers. By sorting: a hash could be made to collide. */
static int number_lines(struct work *w) {
  size_t a_n = (size_t)w->a.n, total = a_n + (size_t)w->b.n;
  struct line **order = malloc((total + 1) * sizeof *order);
  if (!order)
    return -1;
  for (size_t i = 0; i < total; i++)
    order[i] = i < a_n ? &w->a.line[i] : &w->b.line[i - a_n];
  qsort(order, total, sizeof *order, by_text);
  int32_t id = 0;
  for (size_t i = 0; i < total; i++) {
    id += i > 0 && by_text(&order[i - 1], &order[i]) != 0;
    order[i]->id = id;
  }
  free(order);
  for (size_t i = 0; i < total; i++)
    if (i < a_n)
      w->a.id[i] = w->a.line[i].id;
    else
      w->b.id[i - a_n] = w->b.line[i - a_n].id;
  return 0;
}

struct snake {
  int32_t x0, y0, x1, y1;
};

/* One step outwards on diagonal k (x - y) of an n by m box, from the reach of the neighbours; -1 where no
 * path of this length ends inside the box. */
static int32_t reach(const int32_t *v, int32_t k, int32_t d, int32_t n, int32_t m) {
  int32_t x = -1;
  if (d == 0)
    return 0;
  if (k > -d && v[k - 1] >= 0 && v[k - 1] < n && v[k - 1] + 1 - k <= m)
    x = v[k - 1] + 1;
  if (k < d && v[k + 1] > x && v[k + 1] - k <= m)
    x = v[k + 1];
  return x;
}

/* A run of equal lines in the middle of a shortest path through the box; 0: too many steps. */
static int middle(struct work *w, const int32_t *a, int32_t n, const int32_t *b, int32_t m, struct snake *s) {
  int32_t most = (n + m + 1) / 2, delta = n - m;
  int32_t *f = w->forward, *r = w->backward;
  for (int32_t d = 0; d <= most; d++) {
    for (int32_t k = -d; k <= d; k += 2) {
      int32_t x0 = reach(f, k, d, n, m), x = x0;
      while (x >= 0 && x < n && x - k < m && a[x] == b[x - k])
        x++;
      f[k] = x;
      w->steps += 1 + x - x0;
      if (x >= 0 && (delta & 1) && delta - k > -d && delta - k < d && r[delta - k] >= 0 &&
          x + r[delta - k] >= n) {
        *s = (struct snake){x0, x0 - k, x, x - k};
        return 1;
      }
    }
    for (int32_t k = -d; k <= d; k += 2) {
      int32_t x0 = reach(r, k, d, n, m), x = x0;
      while (x >= 0 && x < n && x - k < m && a[n - 1 - x] == b[m - 1 - (x - k)])
        x++;
      r[k] = x;
      w->steps += 1 + x - x0;
      if (x >= 0 && !(delta & 1) && delta - k >= -d && delta - k <= d && f[delta - k] >= 0 &&
          x + f[delta - k] >= n) {
        *s = (struct snake){n - x, m - (x - k), n - x0, m - (x0 - k)};
        return 1;
      }
    }
    if (w->steps > STEPS_MAX)
      return 0;
  }
  return 0;
}

/* Each half has about half of the differences, so the depth is a logarithm. */
static void compare(struct work *w, int32_t a0, int32_t a1, int32_t b0, int32_t b1) {
  const int32_t *a = w->a.id, *b = w->b.id;
  struct snake s;
  while (a0 < a1 && b0 < b1 && a[a0] == b[b0])
    a0++, b0++;
  while (a0 < a1 && b0 < b1 && a[a1 - 1] == b[b1 - 1])
    a1--, b1--;
  int whole = a0 == a1 || b0 == b1 || w->steps > STEPS_MAX ||
              !middle(w, a + a0, a1 - a0, b + b0, b1 - b0, &s) || (s.x0 == a1 - a0 && s.y0 == b1 - b0) ||
              (s.x1 == 0 && s.y1 == 0);
  if (whole) {
    memset(w->a.changed + a0, 1, (size_t)(a1 - a0));
    memset(w->b.changed + b0, 1, (size_t)(b1 - b0));
    return;
  }
  compare(w, a0, a0 + s.x0, b0, b0 + s.y0);
  compare(w, a0 + s.x1, a1, b0 + s.y1, b1);
}

static void put_line(char sign, const struct line *l, struct buffer *out) {
  buffer_add(out, &sign, 1);
  buffer_add(out, l->text, l->bytes);
  if (l->text[l->bytes - 1] != '\n')
    buffer_text(out, "\n\\ No newline at end of file\n");
}

/* "12,3" as diff writes it: the first line, the count unless 1; of no lines the line before. */
static void put_range(char sign, int32_t from, int32_t count, struct buffer *out) {
  buffer_printf(out, "%c%d", sign, count ? from + 1 : from);
  if (count != 1)
    buffer_printf(out, ",%d", count);
}

/* One hunk: a[i..i_end), b[j..j_end). */
static void put_hunk(const struct work *w, int32_t i, int32_t i_end, int32_t j, int32_t j_end,
                     struct buffer *out) {
  buffer_text(out, "@@ ");
  put_range('-', i, i_end - i, out);
  buffer_text(out, " ");
  put_range('+', j, j_end - j, out);
  buffer_text(out, " @@\n");
  while (i < i_end || j < j_end)
    if (i < i_end && w->a.changed[i])
      put_line('-', &w->a.line[i++], out);
    else if (j < j_end && w->b.changed[j])
      put_line('+', &w->b.line[j++], out);
    else {
      put_line(' ', &w->a.line[i++], out);
      j++;
    }
}

/* Changes closer than twice the context share a hunk. */
static void put_hunks(const struct work *w, int32_t context, struct buffer *out) {
  int32_t i = 0, j = 0;
  while (i < w->a.n || j < w->b.n) {
    while (i < w->a.n && j < w->b.n && !w->a.changed[i] && !w->b.changed[j])
      i++, j++;
    if (i == w->a.n && j == w->b.n)
      return;
    int32_t before = i < context ? i : context, i_end = i, j_end = j, same = 0;
    int32_t from_i = i - before, from_j = j - before;
    while (i < w->a.n || j < w->b.n) {
      int a_changed = i < w->a.n && w->a.changed[i], b_changed = j < w->b.n && w->b.changed[j];
      if (!a_changed && !b_changed && ++same > 2 * context)
        break;
      i += a_changed || !b_changed;
      j += b_changed || !a_changed;
      if (a_changed && b_changed)
        j--; /* one at a time: first what goes, then what comes */
      if (a_changed || b_changed) {
        same = 0;
        i_end = i;
        j_end = j;
      }
    }
    int32_t after = w->a.n - i_end < context ? w->a.n - i_end : context;
    put_hunk(w, from_i, i_end + after, from_j, j_end + after, out);
    i = i_end + after;
    j = j_end + after;
  }
}

enum status agent_diff(const char *a_name, const char *a, size_t a_bytes, const char *b_name, const char *b,
                       size_t b_bytes, int context, struct buffer *out, struct error *e) {
  struct work w = {.a = {.text = a, .bytes = a_bytes}, .b = {.text = b, .bytes = b_bytes}};
  if (a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0)
    return ST_OK;
  if (a_bytes > (size_t)1 << 29 || b_bytes > (size_t)1 << 29)
    return error_set(e, ST_RANGE, "a text of more than 512 MiB cannot be compared");
  int bad = split(&w.a) || split(&w.b) || number_lines(&w);
  size_t width = bad ? 0 : (size_t)w.a.n + (size_t)w.b.n + 4;
  int32_t *reached = bad ? NULL : malloc(2 * width * sizeof *reached);
  if (reached) {
    w.forward = reached + width / 2;
    w.backward = reached + width + width / 2;
    compare(&w, 0, w.a.n, 0, w.b.n);
    buffer_printf(out, "--- %s\n+++ %s\n", a_name, b_name);
    put_hunks(&w, context < 0 ? 0 : context, out);
  }
  enum status st = ST_OK;
  if (!reached || buffer_failed(out))
    st = error_set(e, ST_MEMORY, "out of memory for the difference of two texts");
  free(reached);
  struct side *side[] = {&w.a, &w.b};
  for (size_t i = 0; i < 2; i++) {
    free(side[i]->line);
    free(side[i]->id);
    free(side[i]->changed);
  }
  return st;
}
