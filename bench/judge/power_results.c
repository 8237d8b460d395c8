/* Room: bench. The file of duels: one JSON object a line, appended, never rewritten. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_buffer.h"
#include "base/base_file.h"
#include "power.h"

enum { POWER_MOST_BYTES = 1 << 28 };

static enum status read_lines(const char *path, const struct buffer *text, size_t whole, json_t *lines,
                              struct error *e) {
  int number = 1;
  for (size_t at = 0; at < whole; number++) {
    const char *begin = text->data + at, *end = memchr(begin, '\n', whole - at);
    json_t *line = NULL;
    if (json_read(begin, (size_t)(end - begin), path, &line, NULL) ||
        strcmp(json_str(line, "schema", ""), POWER_SCHEMA) != 0) {
      json_decref(line);
      return error_at(e, ST_CORRUPT, path, number, "this is not a line that judge_power wrote");
    }
    json_array_append_new(lines, line);
    at += (size_t)(end - begin) + 1;
  }
  return ST_OK;
}

enum status power_results_open(const char *path, struct power_results *out, struct error *e) {
  struct buffer text;
  out->lines = json_array();
  if (!file_exists(path))
    return ST_OK;
  buffer_init(&text);
  enum status s = file_read(path, POWER_MOST_BYTES, &text, e);
  size_t whole = text.bytes;
  while (whole && text.data[whole - 1] != '\n') /* the line that an interruption cut off */
    whole--;
  if (!s)
    s = read_lines(path, &text, whole, out->lines, e);
  if (!s && whole < text.bytes && truncate(path, (off_t)whole))
    s = error_errno(e, errno, "cutting off the unfinished last line of", path);
  buffer_fini(&text);
  return s;
}

void power_results_close(struct power_results *r) {
  json_decref(r->lines);
  r->lines = NULL;
}

enum status power_results_add(const char *path, struct power_results *r, json_t *duel, struct error *e) {
  char *text = json_canonical(duel);
  struct buffer line;
  buffer_init(&line);
  buffer_printf(&line, "%s\n", text ? text : "");
  free(text);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  enum status s = ST_OK;
  if (fd < 0 || buffer_failed(&line) || write(fd, line.data, line.bytes) != (ssize_t)line.bytes)
    s = error_errno(e, errno, "adding a duel to", path);
  if (fd >= 0 && close(fd) && !s)
    s = error_errno(e, errno, "adding a duel to", path);
  buffer_fini(&line);
  if (s)
    json_decref(duel);
  else
    json_array_append_new(r->lines, duel);
  return s;
}

uint32_t power_results_count(const struct power_results *r, const char *set) {
  uint32_t n = 0;
  for (size_t i = 0; i < json_array_size(r->lines); i++)
    n += strcmp(json_str(json_array_get(r->lines, i), "set", ""), set) == 0;
  return n;
}

enum status power_results_fit(const struct power_results *r, const json_t *here, struct error *e) {
  static const char *const key[] = {"cpu", "cores", "judge", "delta", "alpha", "duel_budget", "seed"};
  const json_t *first = json_array_get(r->lines, 0);
  for (size_t i = 0; first && i < sizeof key / sizeof key[0]; i++) {
    const json_t *old = json_object_get(first, key[i]), *now = json_object_get(here, key[i]);
    int same = json_is_number(old) && json_is_number(now) ? json_number_value(old) == json_number_value(now)
                                                          : old == now || json_equal(old, now);
    if (!same)
      return error_set(e, ST_INPUT,
                       "the file holds duels of another %s: name another file with --out, or say the same",
                       key[i]);
  }
  return ST_OK;
}

int power_next(const uint32_t *done, const uint32_t *wanted, size_t n) {
  int next = -1;
  for (size_t i = 0; i < n; i++) {
    if (done[i] >= wanted[i])
      continue;
    /* done[i] / wanted[i] < done[next] / wanted[next], without a division */
    if (next < 0 || (uint64_t)done[i] * wanted[next] < (uint64_t)done[next] * wanted[i])
      next = (int)i;
  }
  return next;
}
