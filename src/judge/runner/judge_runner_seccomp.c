/* Room: judge, the runner program. The allow-list of system calls an entry may make.
 *
 * What is not named fails with EPERM, which an honest library survives (a thread pool that cannot set
 * its affinity goes on). What only an attack asks for traps, so that the verdict can name it. clone3
 * fails with ENOSYS: its flags lie in memory, where a filter cannot see them, and the C library then
 * uses clone. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>

#include "judge/runner/judge_runner.h"

static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(lseek),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getcwd),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(getcpu),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

static const int hostile[] = {
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(process_mrelease),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(memfd_create),
    SCMP_SYS(memfd_secret),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(shmget),
    SCMP_SYS(semget),
    SCMP_SYS(msgget),
    SCMP_SYS(mq_open),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
};

/* Advice that reaches no further than the caller's own pages. Missing are what punches holes in a memory
 * that the judge maps too and so interrupts its core (REMOVE), what moves shared pages (COLLAPSE, PAGEOUT,
 * COLD), what makes equal pages of different processes measurable (MERGEABLE) and what breaks memory
 * (HWPOISON, SOFT_OFFLINE). */
static const unsigned harmless_advice[] = {
    0 /* NORMAL */,      1 /* RANDOM */,      2 /* SEQUENTIAL */,     3 /* WILLNEED */,
    4 /* DONTNEED */,    8 /* FREE */,        10 /* DONTFORK */,      11 /* DOFORK */,
    14 /* HUGEPAGE */,   15 /* NOHUGEPAGE */, 16 /* DONTDUMP */,      17 /* DODUMP */,
    18 /* WIPEONFORK */, 19 /* KEEPONFORK */, 22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */};

/* Barriers among the process's own threads; the global ones interrupt other processes' cores. */
static const unsigned private_barrier[] = {
    0 /* QUERY */, 8,  16 /* PRIVATE_EXPEDITED, its registration */, 32, 64 /* the same with SYNC_CORE */,
    128,           256 /* with RSEQ */};

static int add_values(scmp_filter_ctx filter, int number, unsigned argument, const unsigned *value,
                      size_t n) {
  int bad = 0;
  for (size_t i = 0; i < n; i++)
    bad |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_CMP32(argument, SCMP_CMP_EQ, value[i], 0));
  return bad;
}

static int add_advice(scmp_filter_ctx filter) {
  return add_values(filter, SCMP_SYS(madvise), 2, harmless_advice,
                    sizeof harmless_advice / sizeof harmless_advice[0]) |
         add_values(filter, SCMP_SYS(membarrier), 0, private_barrier,
                    sizeof private_barrier / sizeof private_barrier[0]);
}

/* Opening for reading only; seals, name spaces and file rights would hold as well. */
static int add_open(scmp_filter_ctx filter) {
  const scmp_datum_t mask = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, mask, 0)) |
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, mask, 0));
}

/* Threads only where the challenge allows any; a process never. */
static int add_clone(scmp_filter_ctx filter, uint32_t threads) {
  int bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (threads > 1) {
    const scmp_datum_t thread = CLONE_THREAD | CLONE_VM | CLONE_FILES;
    const scmp_datum_t never = CLONE_VFORK | CLONE_PTRACE | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                               CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, thread | never, thread));
    return bad | seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  }
  return bad | seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 0);
}

/* abort() only: no thread may send SIGCONT to a process that is being stopped. */
static int add_signals(scmp_filter_ctx filter) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A2(SCMP_CMP_EQ, SIGABRT, 0)) |
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0, 0));
}

int runner_seccomp_install(uint32_t threads) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!filter)
    return -1;
  int bad = 0;
  for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
  for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
    bad |= seccomp_rule_add(filter, SCMP_ACT_TRAP, hostile[i], 0);
  bad |= add_open(filter) | add_clone(filter, threads) | add_signals(filter) | add_advice(filter);
  /* a call through another architecture's table is nobody's honest wish */
  bad |= seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  bad |= seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  bad |= seccomp_load(filter);
  seccomp_release(filter);
  return bad ? -1 : 0;
}
