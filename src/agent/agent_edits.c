/* Room: agent. May use base. Edits of a source: see agent_edits.h. */
#include "agent/agent_edits.h"

#include <stdlib.h>
#include <string.h>

enum { WORK_MAX = 4 << 20 };

struct found {
  size_t at, bytes, count; /* the first place, and how many there are */
  size_t second;           /* the second place */
};

static size_t line_of(const char *text, size_t at) {
  size_t line = 1;
  for (size_t i = 0; i < at; i++)
    line += text[i] == '\n';
  return line;
}

/* Overlapping occurrences count: "aa" is in "aaa" twice, and which one was meant is not known. */
static struct found find_exact(const char *text, size_t bytes, const char *what, size_t n) {
  struct found f = {0};
  for (size_t from = 0; from + n <= bytes && f.count < 1000;) {
    const char *p = memmem(text + from, bytes - from, what, n);
    if (!p)
      break;
    if (f.count == 0)
      f.at = (size_t)(p - text);
    if (f.count == 1)
      f.second = (size_t)(p - text);
    f.count++;
    from = (size_t)(p - text) + 1;
  }
  f.bytes = n;
  return f;
}

/* The next line of text[*at..bytes): [start, end) without white space at its end; *at moves behind its line
 * end. 0 when there is none. */
static int next_line(const char *text, size_t bytes, size_t *at, size_t *start, size_t *end) {
  if (*at >= bytes)
    return 0;
  const char *nl = memchr(text + *at, '\n', bytes - *at);
  size_t stop = nl ? (size_t)(nl - text) : bytes;
  *start = *at;
  *at = nl ? stop + 1 : bytes;
  while (stop > *start && strchr(" \t\r\f\v", text[stop - 1]) && text[stop - 1])
    stop--;
  *end = stop;
  return 1;
}

/* 1 if the lines of `what` stand at text[at..), which begins a line; *after: behind the last one's text,
 * its line end included only if `what` ends in one. *work bounds what a hostile text may cost. */
static int lines_match(const char *text, size_t bytes, size_t at, const char *what, size_t n, size_t *after,
                       size_t *work) {
  size_t w = 0, ws, we, ts, te;
  while (next_line(what, n, &w, &ws, &we)) {
    if (++*work > WORK_MAX || !next_line(text, bytes, &at, &ts, &te) || te - ts != we - ws ||
        memcmp(text + ts, what + ws, we - ws) != 0)
      return 0;
    *after = w == n && what[n - 1] != '\n' ? te : at;
  }
  return 1;
}

/* Whole lines, without regard to white space at line ends. A search of blanks only never matches. */
static struct found find_lines(const char *text, size_t bytes, const char *what, size_t n) {
  struct found f = {0};
  size_t solid = 0, work = 0;
  while (solid < n && strchr(" \t\r\f\v\n", what[solid]) && what[solid])
    solid++;
  if (solid == n)
    return f;
  for (size_t at = 0, start, end, after = 0; at < bytes && f.count < 1000;) {
    size_t here = at;
    if (lines_match(text, bytes, here, what, n, &after, &work)) {
      if (f.count == 0) {
        f.at = here;
        f.bytes = after - here;
      }
      if (f.count == 1)
        f.second = here;
      f.count++;
    }
    if (!next_line(text, bytes, &at, &start, &end))
      break;
  }
  return f;
}

/* Quotes the beginning, so that a model knows which edit is meant: at most 3 lines, 160 bytes, and no half
 * character. */
static void quote(const char *text, size_t n, struct buffer *out) {
  size_t lines = 0, stop = 0;
  while (stop < n && stop < 160 && lines < 3)
    lines += text[stop++] == '\n';
  while (stop > 0 && stop < n && ((unsigned char)text[stop] & 0xc0) == 0x80)
    stop--;
  buffer_text(out, "\"");
  for (size_t i = 0; i < stop; i++)
    if (text[i] == '\n')
      buffer_text(out, "\\n");
    else
      buffer_add(out, text[i] ? text + i : "?", 1);
  buffer_text(out, stop < n ? " ...\"" : "\"");
}

/* The line of the source that shares most with the first solid line of `what`: the same text but for white
 * space, else the longest common beginning. 0: none shares 8 bytes. */
static size_t nearest_line(const char *text, size_t bytes, const char *what, size_t n) {
  size_t at = 0, ws = 0, we = 0, start, end, best = 0, best_line = 0, line = 0;
  while (next_line(what, n, &at, &ws, &we) && ws == we)
    ;
  while (ws < we && (what[ws] == ' ' || what[ws] == '\t'))
    ws++;
  for (at = 0; next_line(text, bytes, &at, &start, &end);) {
    size_t same = 0;
    line++;
    while (start < end && (text[start] == ' ' || text[start] == '\t'))
      start++;
    while (start + same < end && ws + same < we && text[start + same] == what[ws + same])
      same++;
    if (same > best) {
      best = same;
      best_line = line;
    }
  }
  return best >= 8 ? best_line : 0;
}

static enum status refuse(const struct buffer *now, size_t i, const char *what, size_t n,
                          const struct found *f, int by_lines, struct error *e) {
  struct buffer q;
  buffer_init(&q);
  quote(what, n, &q);
  enum status st;
  const char *text = buffer_str(now);
  if (f->count) {
    st = error_set(e, ST_INPUT,
                   "edits[%zu].search is found %zu%s times%s, first in lines %zu and %zu of the source; add "
                   "lines around it until it is unique: %s",
                   i, f->count, f->count >= 1000 ? " or more" : "",
                   by_lines ? " (not counting white space at line ends)" : "", line_of(text, f->at),
                   line_of(text, f->second), buffer_str(&q));
  } else {
    size_t near = nearest_line(text, now->bytes, what, n);
    st = near ? error_set(e, ST_INPUT,
                          "edits[%zu].search is not in the source%s; line %zu of the source begins like it. "
                          "Copy the text exactly: %s",
                          i, i ? " as the edits before left it" : "", near, buffer_str(&q))
              : error_set(e, ST_INPUT, "edits[%zu].search is not in the source%s: %s", i,
                          i ? " as the edits before left it" : "", buffer_str(&q));
  }
  buffer_fini(&q);
  return st;
}

/* *now becomes the text with one place replaced. */
static void splice(struct buffer *now, const struct found *f, const char *with, size_t n) {
  struct buffer next;
  buffer_init(&next);
  buffer_add(&next, buffer_str(now), f->at);
  buffer_add(&next, with, n);
  buffer_add(&next, buffer_str(now) + f->at + f->bytes, now->bytes - f->at - f->bytes);
  buffer_fini(now);
  *now = next;
}

static enum status apply_one(struct buffer *now, size_t i, const json_t *edit, struct error *e) {
  const json_t *search = json_object_get(edit, "search"), *replace = json_object_get(edit, "replace");
  if (!json_is_string(search) || !json_is_string(replace))
    return error_set(e, ST_INPUT, "edits[%zu] must be an object with the texts search and replace", i);
  const char *what = json_string_value(search);
  size_t n = json_string_length(search);
  if (n == 0)
    return error_set(e, ST_INPUT, "edits[%zu].search is empty; quote the text that is to be replaced", i);
  int by_lines = 0;
  struct found f = find_exact(buffer_str(now), now->bytes, what, n);
  if (f.count == 0) {
    f = find_lines(buffer_str(now), now->bytes, what, n);
    by_lines = 1;
  }
  if (f.count != 1)
    return refuse(now, i, what, n, &f, by_lines, e);
  splice(now, &f, json_string_value(replace), json_string_length(replace));
  return ST_OK;
}

enum status agent_edits_apply(const char *source, size_t bytes, const json_t *edits, struct buffer *out,
                              struct error *e) {
  struct buffer now;
  enum status st = ST_OK;
  const json_t *edit;
  size_t i;
  if (!json_is_array(edits) || json_array_size(edits) == 0 || json_array_size(edits) > AGENT_EDITS_MAX)
    return error_set(e, ST_INPUT, "edits must be a list of 1 to %d {search, replace}", AGENT_EDITS_MAX);
  buffer_init(&now);
  buffer_add(&now, source, bytes);
  json_array_foreach((json_t *)(uintptr_t)edits, i, edit) {
    if (st == ST_OK)
      st = apply_one(&now, i, edit, e);
    if (st == ST_OK && now.bytes > (size_t)16 << 20)
      st = error_set(e, ST_INPUT, "edits[%zu] makes the source longer than 16 MiB", i);
  }
  if (st == ST_OK && buffer_failed(&now))
    st = error_set(e, ST_MEMORY, "out of memory for the edited source");
  if (st == ST_OK)
    buffer_add(out, buffer_str(&now), now.bytes);
  buffer_fini(&now);
  return st;
}
