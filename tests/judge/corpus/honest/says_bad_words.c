/* honest: a source that contains the words cheat, cache, timer, judge, memcmp. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
/* Not a cheat: no cache of results, no timer is read, the judge is not looked for; /proc/self/maps, fork and
 * clock_gettime are only named. */
static const char *const words[] = {"cheat",  "cache",          "timer",     "judge",
                                    "ptrace", "/proc/self/mem", "LD_PRELOAD"};
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return words[0][0] == 'c' ? honest(call) : 1;
}
