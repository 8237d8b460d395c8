/* Room: judge, the runner program. Handlers that leave a hint in the channel before the process ends.
 *
 * An entry can install its own handlers or write the channel: the hints only make a verdict's sentence
 * better. That the process ended is what the judge sees for itself. */
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "judge/runner/judge_runner.h"

enum { STACK_BYTES = 65536, SIGSYS_EXIT = 128 + SIGSYS };

static void note_address(uintptr_t address, const void *context) {
  struct judge_channel *channel = runner_memory.channel;
  uintptr_t in = (uintptr_t)runner_memory.inputs, out = (uintptr_t)runner_memory.outputs;
  const struct judge_plan_head *head = runner_memory.head;
  uint32_t memory = JUDGE_MEM_OTHER;
  uint64_t offset = address;
  if (address >= in && address - in < head->inputs_bytes) {
    memory = JUDGE_MEM_INPUTS;
    offset = address - in;
  } else if (address >= out && address - out < head->outputs_bytes) {
    memory = JUDGE_MEM_OUTPUTS;
    offset = address - out;
  }
  uintptr_t map = (uintptr_t)runner_memory.workspace_map;
  if (map && address >= map && address - map < runner_memory.workspace_map_bytes) {
    memory = JUDGE_MEM_WORKSPACE; /* signed: before its begin the difference is below zero */
    offset = (uint64_t)address - (uint64_t)(uintptr_t)runner_memory.workspace;
  }
  uint32_t is_write = 0;
#ifdef __x86_64__
  const ucontext_t *uc = context;
  is_write = (uc->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  (void)context;
#endif
  atomic_store(&channel->fault_offset, offset);
  atomic_store(&channel->fault_write, is_write);
  atomic_store(&channel->fault_memory, memory);
}

static void on_fault(int signal_number, siginfo_t *info, void *context) {
  struct judge_channel *channel = runner_memory.channel;
  if (signal_number == SIGSEGV || signal_number == SIGBUS)
    note_address((uintptr_t)info->si_addr, context);
  if (signal_number == SIGSYS)
    atomic_store(&channel->syscall_number, (uint32_t)info->si_syscall + 1);
  atomic_store(&channel->signal_number, (uint32_t)signal_number);
  if (signal_number == SIGSYS || signal_number == SIGABRT) {
    /* the init of a pid namespace survives a signal that it sends itself, so end by hand */
    syscall(SYS_exit_group, 128 + signal_number);
  }
  signal(signal_number, SIG_DFL); /* the instruction is run again and ends the process */
}

int runner_faults_install(void) {
  void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -1;
  stack_t stack = {.ss_sp = memory, .ss_size = STACK_BYTES};
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (sigaltstack(&stack, NULL))
    return -1;
  static const int caught[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};
  for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
    if (sigaction(caught[i], &action, NULL))
      return -1;
  return 0;
}
