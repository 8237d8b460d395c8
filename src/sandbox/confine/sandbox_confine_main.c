/* Room: sandbox, the program `sharktank-confine`. Uses the C library and sandbox_landlock.h only.
 *
 * The last step inside bubblewrap for programs that are not ours to change (compilers) or that run code
 * with wide needs (problem modules): applies Landlock and a system call filter to itself, then becomes
 * the program.
 *
 *   sharktank-confine [-r PATH | -x PATH | -w PATH]... [-p] -- PROGRAM [ARGS]
 *     -r read, -x read, list and execute, -w write; -p: threads, but no processes
 *
 * What runs entries has an allow-list of its own (src/judge/runner). Here it is a list of what is refused:
 * nobody can say what every compiler needs, and everybody what none does. A refused call fails with EPERM,
 * clone3 with ENOSYS (its flags lie in memory, where a filter cannot see them; the C library then uses
 * clone). Another architecture's table ends the process. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_landlock.h"

enum { MAX_PATHS = 64, MAX_FILTER = 256, BAD_CALL = 125, X32_BIT = 0x40000000 };

#if defined(__x86_64__)
static const uint32_t own_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t own_arch = AUDIT_ARCH_AARCH64;
#else
#error "name this architecture's AUDIT_ARCH number here"
#endif

static const int refused[] = {
    /* other processes */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    /* what outlives a process or is shared between users */
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_shmget,
    SYS_shmat,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_memfd_create,
    /* wide doors into the kernel */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_fanotify_init,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    /* name spaces and mounts */
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    /* the machine */
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_personality,
    /* who runs where, and before whom */
    SYS_sched_setaffinity,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_mbind,
    SYS_set_mempolicy,
    SYS_migrate_pages,
    SYS_move_pages,
    /* the network: the name space has none, this is the second lock */
    SYS_socket,
    SYS_socketpair,
    SYS_bind,
    SYS_connect,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
#endif
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_memfd_secret
    SYS_memfd_secret,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_open_tree
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
};

struct filter {
  struct sock_filter code[MAX_FILTER];
  unsigned short n;
};

static void put(struct filter *f, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false) {
  if (f->n < MAX_FILTER)
    f->code[f->n++] = (struct sock_filter){code, if_true, if_false, k};
}

static void put_load(struct filter *f, size_t offset) {
  put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct filter *f, uint32_t action) {
  put(f, BPF_RET | BPF_K, action, 0, 0);
}

/* The call fails with errnum where (argument & mask) is not zero. The number is in the register before and
 * after. Low half of the argument (little-endian): the kernel reads these as int or as flags in the low
 * half. */
static void put_masked(struct filter *f, int number, int argument, uint32_t mask) {
  put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4);
  put_load(f, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
  put(f, BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
  put_return(f, SECCOMP_RET_ERRNO | EPERM);
  put_return(f, SECCOMP_RET_ALLOW);
}

/* The call fails where its argument is one of these values. */
static void put_values(struct filter *f, int number, int argument, const uint32_t *value, uint8_t n) {
  put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)(2 * n + 2));
  put_load(f, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
  for (uint8_t i = 0; i < n; i++) {
    put(f, BPF_JMP | BPF_JEQ | BPF_K, value[i], 0, 1);
    put_return(f, SECCOMP_RET_ERRNO | EPERM);
  }
  put_return(f, SECCOMP_RET_ALLOW);
}

static void build_filter(struct filter *f, int no_processes) {
  static const uint32_t terminal[] = {TIOCSTI, 0x541C /* TIOCLINUX */};
  static const uint32_t advice[] = {9 /* REMOVE */,    12 /* MERGEABLE */, 21 /* PAGEOUT */,
                                    25 /* COLLAPSE */, 100 /* HWPOISON */, 101 /* SOFT_OFFLINE */};
  static const uint32_t name_spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
  put_load(f, offsetof(struct seccomp_data, arch));
  put(f, BPF_JMP | BPF_JEQ | BPF_K, own_arch, 1, 0);
  put_return(f, SECCOMP_RET_KILL_PROCESS);
  put_load(f, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
  put(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
  put_return(f, SECCOMP_RET_KILL_PROCESS);
#endif
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)refused[i], 0, 1);
    put_return(f, SECCOMP_RET_ERRNO | EPERM);
  }
  put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  put_return(f, SECCOMP_RET_ERRNO | ENOSYS);
#if defined(__x86_64__)
  if (no_processes) {
    put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 0, 1);
    put_return(f, SECCOMP_RET_ERRNO | EPERM);
    put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 1);
    put_return(f, SECCOMP_RET_ERRNO | EPERM);
  }
#endif
  if (no_processes) { /* a clone that is no thread; one that is one goes on to the test of the flags */
    put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    put_load(f, offsetof(struct seccomp_data, args));
    put(f, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
    put_return(f, SECCOMP_RET_ERRNO | EPERM);
    put_load(f, offsetof(struct seccomp_data, nr));
  }
  put_masked(f, SYS_clone, 0, name_spaces);
  put_values(f, SYS_ioctl, 1, terminal, sizeof terminal / sizeof terminal[0]);
  put_values(f, SYS_madvise, 2, advice, sizeof advice / sizeof advice[0]);
  put_return(f, SECCOMP_RET_ALLOW);
}

static int install_filter(int no_processes) {
  static struct filter f;
  build_filter(&f, no_processes);
  if (f.n >= MAX_FILTER)
    return -1;
  struct sock_fprog program = {.len = f.n, .filter = f.code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static _Noreturn void give_up(const char *doing) {
  fprintf(stderr, "sharktank-confine: %s: %s\n", doing, strerror(errno));
  _exit(BAD_CALL);
}

int main(int argc, char **argv) {
  static struct sandbox_landlock_path allow[MAX_PATHS];
  size_t n = 0;
  int no_processes = 0, at = 1;
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    if (strcmp(argv[at], "-p") == 0) {
      no_processes = 1;
      continue;
    }
    if (n == MAX_PATHS || at + 1 >= argc)
      give_up("too many paths");
    char kind = argv[at][1];
    allow[n].right = kind == 'w'   ? SANDBOX_LANDLOCK_WRITE
                     : kind == 'x' ? SANDBOX_LANDLOCK_BROWSE
                                   : SANDBOX_LANDLOCK_READ;
    allow[n++].path = argv[++at];
  }
  if (at + 1 >= argc)
    give_up("no program");
  if (sandbox_landlock_apply(allow, n) < 0)
    give_up("Landlock");
  if (install_filter(no_processes))
    give_up("the system call filter");
  extern char **environ;
  execve(argv[at + 1], argv + at + 1, environ);
  fprintf(stderr, "sharktank-confine: cannot start %s: %s\n", argv[at + 1], strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}
