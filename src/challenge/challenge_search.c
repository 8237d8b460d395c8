/* Room: challenge. May use base and sandbox.
 *
 * From what a person types (a name, a folder, the file itself) to a folder with challenge.yml. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_file.h"
#include "challenge/challenge_install.h"
#include "challenge/challenge_load.h"

static const char *const challenge_file_names[] = {"challenge.yml", "task.yml", NULL};

/* 1 if dir holds a challenge; dir and file are then absolute. */
static int challenge_in_dir(const char *candidate, char *dir, size_t dir_bytes, char *file,
                            size_t file_bytes) {
  char real[PATH_MAX];
  if (!realpath(candidate, real) || !file_is_dir(real))
    return 0;
  for (size_t i = 0; challenge_file_names[i]; i++) {
    if (file_join(file, file_bytes, real, challenge_file_names[i]) != 0)
      return 0;
    if (file_exists(file) && !file_is_dir(file))
      return snprintf(dir, dir_bytes, "%s", real) < (int)dir_bytes;
  }
  return 0;
}

struct challenge_roots {
  char path[16][PATH_MAX];
  size_t count;
};

static void challenge_add_root(struct challenge_roots *r, const char *path, size_t bytes) {
  if (r->count == sizeof r->path / sizeof r->path[0] || bytes == 0 || bytes >= PATH_MAX)
    return;
  memcpy(r->path[r->count], path, bytes);
  r->path[r->count++][bytes] = 0;
}

/* $SHARKTANK_CHALLENGES (folders separated by colons), ./challenges, the installed data folder. */
static void challenge_find_roots(struct challenge_roots *r) {
  const char *said = getenv("SHARKTANK_CHALLENGES");
  while (said && *said) {
    size_t bytes = strcspn(said, ":");
    challenge_add_root(r, said, bytes);
    said += bytes + (said[bytes] == ':');
  }
  challenge_add_root(r, "challenges", strlen("challenges"));
  char data[PATH_MAX], path[PATH_MAX];
  struct error ignored; /* no installed data folder: then there is one root less */
  if (challenge_install_path(CHALLENGE_INSTALL_DATA, "challenges", data, sizeof data, &ignored) == ST_OK &&
      file_join(path, sizeof path, data, "challenges") == 0)
    challenge_add_root(r, path, strlen(path));
}

/* The nearest name among the folders of all roots, for the message. */
static int challenge_suggest(const struct challenge_roots *r, const char *name, char out[256]) {
  const char *words[257] = {NULL};
  char kept[256][64];
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++) {
    DIR *d = opendir(r->path[i]);
    if (!d)
      continue;
    for (struct dirent *entry = readdir(d); entry && n < 256; entry = readdir(d)) {
      if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof kept[0])
        continue;
      strcpy(kept[n], entry->d_name);
      words[n] = kept[n];
      n++;
    }
    closedir(d);
  }
  words[n] = NULL;
  const char *near = base_nearest_word(name, words);
  if (near)
    snprintf(out, 256, "%s", near);
  return near != NULL;
}

enum status challenge_search(const char *name_or_dir, char *dir, size_t dir_bytes, char *file,
                             size_t file_bytes, struct error *e) {
  if (!*name_or_dir)
    return error_set(e, ST_USAGE, "the name of a challenge is empty");
  if (challenge_in_dir(name_or_dir, dir, dir_bytes, file, file_bytes))
    return ST_OK;
  if (file_is_dir(name_or_dir) && strchr(name_or_dir, '/'))
    return error_set(e, ST_NOT_FOUND, "%s holds neither challenge.yml nor task.yml", name_or_dir);
  /* The file itself is taken for its folder. */
  const char *base = strrchr(name_or_dir, '/');
  base = base ? base + 1 : name_or_dir;
  for (size_t i = 0; challenge_file_names[i]; i++) {
    if (strcmp(base, challenge_file_names[i]) != 0 || !file_exists(name_or_dir))
      continue;
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%.*s.", (int)(base - name_or_dir), name_or_dir) >=
        (int)sizeof folder)
      continue;
    if (challenge_in_dir(folder, dir, dir_bytes, file, file_bytes))
      return ST_OK;
  }
  if (strchr(name_or_dir, '/'))
    return error_set(e, ST_NOT_FOUND, "there is no folder %s", name_or_dir);

  struct challenge_roots *roots = calloc(1, sizeof *roots);
  if (!roots)
    return error_set(e, ST_MEMORY, "out of memory looking for a challenge");
  challenge_find_roots(roots);
  char path[PATH_MAX], near[256];
  enum status s = ST_NOT_FOUND;
  for (size_t i = 0; i < roots->count && s != ST_OK; i++)
    if (file_join(path, sizeof path, roots->path[i], name_or_dir) == 0 &&
        challenge_in_dir(path, dir, dir_bytes, file, file_bytes))
      s = ST_OK;
  if (s != ST_OK && challenge_suggest(roots, name_or_dir, near))
    error_set(e, s, "there is no challenge `%s`; did you mean `%s`?", name_or_dir, near);
  else if (s != ST_OK)
    error_set(e, s, "there is no challenge `%s` in ./challenges or where SHARKTANK_CHALLENGES points",
              name_or_dir);
  free(roots);
  return s;
}
