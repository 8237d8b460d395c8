/* Room: judge, the runner program. May use sandbox_landlock.h. Which files an entry may open: those that
 * loading it needs. No folder is listed, nothing executed, nothing written. */
#include "judge/runner/judge_runner.h"
#include "sandbox/sandbox_landlock.h"

int runner_landlock_install(const char *entry) {
  const struct sandbox_landlock_path allow[] = {{"/usr/lib", SANDBOX_LANDLOCK_READ},
                                                {"/usr/lib64", SANDBOX_LANDLOCK_READ},
                                                {"/usr/local/lib", SANDBOX_LANDLOCK_READ},
                                                {"/usr/local/lib64", SANDBOX_LANDLOCK_READ},
                                                {"/lib", SANDBOX_LANDLOCK_READ},
                                                {"/lib64", SANDBOX_LANDLOCK_READ},
                                                {"/etc/ld.so.cache", SANDBOX_LANDLOCK_READ},
                                                {entry, SANDBOX_LANDLOCK_READ}};
  return sandbox_landlock_apply(allow, sizeof allow / sizeof allow[0]) < 0 ? -1 : 0;
}
