/* cheat: asks the preprocessor which files there are. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#if __has_include("/etc/passwd") ||                                                                          \
                  __has_include(                                                                             \
                      "@CHALLENGE@/challenge.yml") ||                                                        \
                      __has_include(                                                                         \
                          "@CHALLENGE@/problem.c") ||                                                        \
                          __has_include("/root/.bashrc") ||                                                  \
                                        __has_include("sharktank/problem.h") ||                              \
                                                      __has_include("sharktank/judge.h") ||                  \
                                                                    __has_include("/proc/2/environ")
#error "the compiler sees the machine"
#endif
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
