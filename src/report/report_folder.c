/* Room report: writing the season's folder. Touches only files this room renders, under one dir. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"
#include "report/report.h"
#include "report/report_pages.h"

#define PATH_BYTES     4096
#define PAGE_BYTES_MAX ((size_t)256 << 20)

struct folder {
  const char *dir;
  char **path; /* owned: what was written, for the removal of the rest */
  size_t count, capacity;
};

static enum status remember(struct folder *f, const char *path, struct error *e) {
  if (f->count == f->capacity) {
    const size_t more = f->capacity ? 2 * f->capacity : 64;
    char **grown = realloc(f->path, more * sizeof *grown);
    if (!grown)
      return error_set(e, ST_MEMORY, "not enough memory to render the season");
    f->path = grown;
    f->capacity = more;
  }
  f->path[f->count] = strdup(path);
  if (!f->path[f->count])
    return error_set(e, ST_MEMORY, "not enough memory to render the season");
  f->count++;
  return ST_OK;
}

/* 1 if the file holds exactly these bytes: then rewriting it would only cost an fsync. */
static int holds(const char *path, const char *text, size_t bytes) {
  struct buffer now;
  buffer_init(&now);
  const int same = file_read(path, PAGE_BYTES_MAX, &now, NULL) == ST_OK && now.bytes == bytes &&
                   (!bytes || !memcmp(now.data, text, bytes));
  buffer_fini(&now);
  return same;
}

static enum status write_page(void *context, const char *path, const char *text, size_t bytes,
                              struct error *e) {
  struct folder *f = context;
  char whole[PATH_BYTES];
  const enum status st = remember(f, path, e);
  if (st != ST_OK)
    return st;
  if (file_join(whole, sizeof whole, f->dir, path))
    return error_set(e, ST_RANGE, "the path of %s is too long", path);
  return holds(whole, text, bytes) ? ST_OK : file_write_atomic(whole, text, bytes, e);
}

/* Only names this room makes: a reader's own notes in the folder stay. */
static int is_ours(const char *folder, const char *name) {
  const size_t n = strlen(name), digits = strncmp(name, "round", 5) ? 0 : strspn(name + 5, "0123456789");
  if (!digits || n < 4 || strcmp(name + n - 3, ".md") || name[5 + digits] != '_')
    return 0;
  if (!strcmp(folder, "pitches"))
    return 1;
  const char *tail = name + 5 + digits;
  return !strcmp(tail, "_context.md") || !strcmp(tail, "_votes.md") || !strcmp(tail, "_results.md");
}

static int was_written(const struct folder *f, const char *folder, const char *name) {
  const size_t n = strlen(folder);
  for (size_t i = 0; i < f->count; i++) {
    if (!strncmp(f->path[i], folder, n) && f->path[i][n] == '/' && !strcmp(f->path[i] + n + 1, name))
      return 1;
  }
  return 0;
}

static enum status remove_stale(const struct folder *f, const char *folder, struct error *e) {
  char dir[PATH_BYTES], path[PATH_BYTES];
  if (file_join(dir, sizeof dir, f->dir, folder))
    return error_set(e, ST_RANGE, "the path of %s is too long", folder);
  DIR *open = opendir(dir);
  if (!open)
    return ST_OK;
  for (struct dirent *one; (one = readdir(open)) != NULL;) {
    if (!is_ours(folder, one->d_name) || was_written(f, folder, one->d_name))
      continue;
    if (!file_join(path, sizeof path, dir, one->d_name))
      (void)unlink(path);
  }
  (void)closedir(open);
  return ST_OK;
}

static enum status make_folders(const char *dir, struct error *e) {
  static const char *const parts[] = {"pitches", "rounds", "best"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    char path[PATH_BYTES];
    if (file_join(path, sizeof path, dir, parts[i]))
      return error_set(e, ST_RANGE, "the path of %s is too long", dir);
    const enum status st = file_mkdirs(path, e);
    if (st != ST_OK)
      return st;
  }
  return ST_OK;
}

static enum status write_index(struct folder *f, const struct report_source *src, struct error *e) {
  struct buffer page;
  buffer_init(&page);
  enum status st = report_html(src, &page, e);
  if (st == ST_OK)
    st = write_page(f, "index.html", buffer_str(&page), page.bytes, e);
  buffer_fini(&page);
  return st;
}

enum status report_folder_write(const char *dir, const struct report_source *src, struct error *e) {
  struct folder f = {dir, NULL, 0, 0};
  struct report_view v;
  enum status st = make_folders(dir, e);
  if (st == ST_OK)
    st = write_index(&f, src, e);
  if (st == ST_OK) {
    st = report_view_init(&v, src->state, e);
    if (st == ST_OK) {
      st = report_pages(src, &v, write_page, &f, e);
      report_view_fini(&v);
    }
  }
  if (st == ST_OK)
    st = remove_stale(&f, "pitches", e);
  if (st == ST_OK)
    st = remove_stale(&f, "rounds", e);
  for (size_t i = 0; i < f.count; i++)
    free(f.path[i]);
  free(f.path);
  return st;
}

enum status report_markdown(const struct report_source *src, struct buffer *out, struct error *e) {
  struct report_view v;
  const enum status st = report_view_init(&v, src->state, e);
  if (st != ST_OK)
    return st;
  report_page_readme(out, &v);
  report_view_fini(&v);
  return buffer_failed(out) ? error_set(e, ST_MEMORY, "not enough memory to render the season") : ST_OK;
}
