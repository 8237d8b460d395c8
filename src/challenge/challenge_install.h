/* Where the parts that are not in this program lie: headers, libraries, helper programs, data.
 *
 * In this order: the environment (SHARKTANK_INCLUDE_DIR, SHARKTANK_LIB_DIR, SHARKTANK_LIBEXEC_DIR,
 * SHARKTANK_DATA_DIR), the installed tree around the running executable (so that it works after
 * being moved), the folders of the build (ST_INCLUDE_DIR ... given by CMake).
 *
 * Thread safety: pure but for the environment.
 */
#ifndef SHARKTANK_CHALLENGE_INSTALL_H
#define SHARKTANK_CHALLENGE_INSTALL_H

#include <stddef.h>

#include "base/base_status.h"

enum challenge_install {
  CHALLENGE_INSTALL_INCLUDE = 1, /* holds sharktank/entry.h, sharktank/problem.h, nvfp4.h */
  CHALLENGE_INSTALL_LIB,         /* holds libnvfp4.a */
  CHALLENGE_INSTALL_LIBEXEC,     /* holds sharktank-problem, sharktank-runner, sharktank-confine */
  CHALLENGE_INSTALL_DATA         /* holds challenges/NAME */
};

/* The folder that holds `leaf` ("sharktank/entry.h", "libnvfp4.a", "sharktank-problem",
 * "challenges"), absolute. ST_TOOL (ST_NOT_FOUND for DATA) when it is nowhere, naming the variable
 * that can say where it is. */
enum status challenge_install_path(enum challenge_install kind, const char *leaf, char *out, size_t out_bytes,
                                   struct error *e) MUST_USE;
/* The path of sharktank-confine, for sandbox_spec.confine. */
enum status challenge_confine_path(char *out, size_t out_bytes, struct error *e) MUST_USE;

#endif
