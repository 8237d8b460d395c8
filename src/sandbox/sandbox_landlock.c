/* Room: sandbox. C library and kernel only: see the header.
 *
 * The kernel's own header may be older than the kernel, so the numbers stand here (they are the
 * kernel's promise to programs and never change). Rights that a kernel does not know are left out. */
#include "sandbox/sandbox_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1 };
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

static const uint64_t FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2,
                      FS_READ_DIR = 1 << 3, FS_MAKE_CHAR = 1 << 6, FS_MAKE_SOCK = 1 << 9,
                      FS_MAKE_BLOCK = 1 << 11, FS_FIRST_ABI = (1 << 13) - 1, FS_REFER = 1 << 13,
                      FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15;
static const uint64_t NET_ALL = 3;   /* bind and connect of TCP */
static const uint64_t SCOPE_ALL = 3; /* abstract sockets, signals */

struct ruleset_attr {
  uint64_t fs, net, scoped;
};
struct path_attr {
  uint64_t access;
  int32_t fd;
} __attribute__((packed));

int sandbox_landlock_abi(void) {
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
  return abi > 0 ? (int)abi : 0;
}

static uint64_t known_fs(int abi) {
  return FS_FIRST_ABI | (abi >= ABI_REFER ? FS_REFER : 0) | (abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0) |
         (abi >= ABI_IOCTL ? FS_IOCTL_DEV : 0);
}

/* The kernel refuses a longer structure than it knows, unless the rest is zero, which it is. */
static int ruleset_open(int abi) {
  struct ruleset_attr attr = {
      .fs = known_fs(abi), .net = abi >= ABI_NET ? NET_ALL : 0, .scoped = abi >= ABI_SCOPE ? SCOPE_ALL : 0};
  return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
}

int sandbox_landlock_works(void) {
  int abi = sandbox_landlock_abi(), ruleset = abi ? ruleset_open(abi) : -1;
  if (ruleset < 0)
    return 0;
  close(ruleset);
  return 1;
}

static uint64_t access_of(enum sandbox_landlock_right right, int abi, int is_dir) {
  uint64_t file_rights = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
  uint64_t access = FS_READ_FILE;
  if (right == SANDBOX_LANDLOCK_BROWSE)
    access |= FS_READ_DIR | FS_EXECUTE;
  if (right == SANDBOX_LANDLOCK_WRITE)
    access = known_fs(abi) & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_MAKE_SOCK | FS_IOCTL_DEV);
  return access & known_fs(abi) & (is_dir ? ~UINT64_C(0) : file_rights);
}

static int add_path(int ruleset, int abi, const struct sandbox_landlock_path *allow) {
  int fd = open(allow->path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  struct stat st;
  int bad = fstat(fd, &st);
  if (!bad) {
    struct path_attr attr = {.access = access_of(allow->right, abi, S_ISDIR(st.st_mode)), .fd = fd};
    bad = (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0);
    if (bad && errno == EBADFD) /* a memfd or pipe: on no mount that Landlock watches, so never barred */
      bad = 0;
  }
  int errnum = errno;
  close(fd);
  errno = errnum;
  return bad;
}

int sandbox_landlock_apply(const struct sandbox_landlock_path *allow, size_t n) {
  int abi = sandbox_landlock_abi();
  if (!abi)
    return 1;
  int ruleset = ruleset_open(abi), bad = ruleset < 0;
  for (size_t i = 0; i < n && !bad; i++)
    bad = add_path(ruleset, abi, &allow[i]) != 0;
  bad = bad || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0;
  int errnum = errno;
  if (ruleset >= 0)
    close(ruleset);
  errno = errnum;
  return bad ? -1 : 0;
}
