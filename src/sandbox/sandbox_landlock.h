/* Room: sandbox. Landlock by its bare system calls. Uses the C library and the kernel only, because the
 * programs that run inside a sandbox compile it too (src/sandbox/confine, src/judge/runner).
 *
 * What it is for: the mount namespace decides what is there, Landlock what of it may be opened. It also
 * bars what no namespace sees: execution of what was written, network where the kernel's ABI has it,
 * abstract sockets and signals to whoever is not in the same domain. It has to come after bubblewrap,
 * whose mounts it would refuse.
 */
#ifndef SHARKTANK_SANDBOX_LANDLOCK_H
#define SHARKTANK_SANDBOX_LANDLOCK_H

#include <stddef.h>

enum sandbox_landlock_right {
  SANDBOX_LANDLOCK_READ,   /* read files, nothing else: no listing of folders */
  SANDBOX_LANDLOCK_BROWSE, /* read and execute files, list folders */
  SANDBOX_LANDLOCK_WRITE   /* that, and everything but making devices; what is written is not executed */
};

struct sandbox_landlock_path {
  const char *path; /* a file, or a folder and all below it; one that is not there is passed over */
  enum sandbox_landlock_right right;
};

/* The version of the kernel's Landlock; 0: it has none, or it is switched off (errno says which). */
int sandbox_landlock_abi(void);
/* 1 if a rule set with everything this file asks for can be made here; no process is changed. */
int sandbox_landlock_works(void);
/* The calling thread, and what it starts, may from now on open only these paths. It must be the only
 * thread. 0 = done, 1 = this kernel has no Landlock, -1 = errno says why not. */
int sandbox_landlock_apply(const struct sandbox_landlock_path *allow, size_t n);

#endif
