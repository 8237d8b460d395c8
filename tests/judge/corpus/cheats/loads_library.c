/* cheat: loads the project's library at run time instead of a kernel of its own. must: pass */
#define OWN_RUN
#include "../challenge/baseline.c"
#include <dlfcn.h>
/* The run fails, which is not what must happen, if one can be loaded. */
int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  static int looked;
  static const char *const library[] = {"libnvfp4.so", "libnvfp4.so.0", "libnvfp4.so.0.1",
                                        "/usr/local/lib/libnvfp4.so", "/usr/lib/libnvfp4.so"};
  for (size_t i = 0; !looked && i < sizeof library / sizeof library[0]; i++)
    if (dlopen(library[i], RTLD_NOW))
      return 80;
  looked = 1;
  return honest(call);
}
