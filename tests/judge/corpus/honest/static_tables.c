/* honest: large constant tables, and one that its init computes for a while. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <math.h>
static const float table[4096] = {[0] = 1, [4095] = 2};
static float computed[1 << 18];

int sk_entry_init(const sk_env *env) {
  (void)env;
  for (int i = 0; i < 1 << 18; i++)
    computed[i] = sinf((float)i) * sinf((float)i) + cosf((float)i) * cosf((float)i);
  return computed[77] > 0.9f ? 0 : 1;
}

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return table[0] + computed[1] > 1 ? honest(call) : 1;
}
