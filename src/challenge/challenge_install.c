/* Room: challenge. May use base and sandbox.
 *
 * Where headers, libraries, helper programs and data lie. Nothing is remembered: a test, or a user
 * who moved the tree, may change the environment between two calls. */
#include "challenge/challenge_install.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"

static const struct {
  enum challenge_install kind;
  const char *variable; /* of the environment */
  const char *moved;    /* below the folder above the executable's */
  const char *built;    /* the build's folder */
} challenge_places[] = {
    {CHALLENGE_INSTALL_INCLUDE, "SHARKTANK_INCLUDE_DIR", "include", ST_INCLUDE_DIR},
    {CHALLENGE_INSTALL_LIB, "SHARKTANK_LIB_DIR", "lib", ST_LIB_DIR},
    {CHALLENGE_INSTALL_LIBEXEC, "SHARKTANK_LIBEXEC_DIR", "libexec/sharktank", ST_LIBEXEC_DIR},
    {CHALLENGE_INSTALL_DATA, "SHARKTANK_DATA_DIR", "share/sharktank", ST_SOURCE_DIR},
};

/* 1 if dir/leaf exists: then dir, made absolute, is in out. */
static int challenge_place_try(const char *dir, const char *leaf, char *out, size_t out_bytes) {
  char path[PATH_MAX], real[PATH_MAX];
  if (file_join(path, sizeof path, dir, leaf) != 0 || !file_exists(path))
    return 0;
  if (!realpath(dir, real))
    return 0;
  return snprintf(out, out_bytes, "%s", real) < (int)out_bytes;
}

/* lib also under a multiarch folder (lib/x86_64-linux-gnu), as Debian installs it. */
static int challenge_place_moved(const char *below, const char *leaf, char *out, size_t out_bytes) {
  char exe[PATH_MAX], dir[PATH_MAX + 64];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (n <= 0)
    return 0;
  exe[n] = 0;
  char *slash = strrchr(exe, '/');
  if (!slash)
    return 0;
  *slash = 0;
  if (snprintf(dir, sizeof dir, "%s/../%s", exe, below) >= (int)sizeof dir)
    return 0;
  if (challenge_place_try(dir, leaf, out, out_bytes))
    return 1;
  if (snprintf(dir, sizeof dir, "%s/../%s/x86_64-linux-gnu", exe, below) >= (int)sizeof dir)
    return 0;
  return challenge_place_try(dir, leaf, out, out_bytes);
}

enum status challenge_install_path(enum challenge_install kind, const char *leaf, char *out, size_t out_bytes,
                                   struct error *e) {
  for (size_t i = 0; i < sizeof challenge_places / sizeof challenge_places[0]; i++) {
    if (challenge_places[i].kind != kind)
      continue;
    const char *variable = challenge_places[i].variable, *said = getenv(variable);
    enum status missing = kind == CHALLENGE_INSTALL_DATA ? ST_NOT_FOUND : ST_TOOL;
    if (said && *said) {
      if (challenge_place_try(said, leaf, out, out_bytes))
        return ST_OK;
      return error_set(e, missing, "%s is not in %s, where %s points", leaf, said, variable);
    }
    if (challenge_place_moved(challenge_places[i].moved, leaf, out, out_bytes))
      return ST_OK;
    if (challenge_place_try(challenge_places[i].built, leaf, out, out_bytes))
      return ST_OK;
    return error_set(e, missing, "%s is neither beside this program nor in %s; set %s to its folder", leaf,
                     challenge_places[i].built, variable);
  }
  return error_set(e, ST_INTERNAL, "an unknown kind of installed file");
}

enum status challenge_confine_path(char *out, size_t out_bytes, struct error *e) {
  char dir[PATH_MAX];
  enum status s = challenge_install_path(CHALLENGE_INSTALL_LIBEXEC, "sharktank-confine", dir, sizeof dir, e);
  if (s == ST_OK && file_join(out, out_bytes, dir, "sharktank-confine"))
    return error_set(e, ST_RANGE, "the path of sharktank-confine is too long");
  return s;
}
