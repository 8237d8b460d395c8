/* Room: nvfp4. Which instruction set the fast path uses. May include base/ and nvfp4.h only. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nvfp4/nvfp4_kernel.h"

/* Best first. A machine may have one and lack one further down (Zen 4 has AVX-512 VNNI but not
 * AVX-VNNI), so each is asked. avx512_bf16 stands after avx2: on the processors whose vdpbf16ps starts
 * every second cycle or every cycle the integers of avx2 are faster (the heads of both files count it),
 * and where it starts twice a cycle there is avx512_vnni. */
static const struct nvfp4_kernel *const kernels[] = {
#if defined(__x86_64__)
    &nvfp4_avx512_vnni_kernel, &nvfp4_avx_vnni_kernel, &nvfp4_avx2_kernel, &nvfp4_avx512_bf16_kernel,
#endif
    &nvfp4_scalar_kernel};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

/* Those of this machine, best first, and their names, ending in NULL: written once, by fill. */
static const struct nvfp4_kernel *present[KERNELS + 1];
static const char *names[KERNELS + 1];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static void fill(void) {
  size_t count = 0;
  for (size_t i = 0; i < KERNELS; i++)
    if (kernels[i]->available()) { /* scalar always is */
      present[count] = kernels[i];
      names[count++] = kernels[i]->name;
    }
}

const struct nvfp4_kernel *nvfp4_kernel_select(void) {
  const char *wanted = getenv("NVFP4_ISA");
  pthread_once(&filled, fill);
  if (!wanted || !*wanted)
    return present[0];
  for (size_t i = 0; present[i]; i++)
    if (strcmp(present[i]->name, wanted) == 0)
      return present[i];
  return NULL;
}

const char *const *nvfp4_isa_available(void) {
  pthread_once(&filled, fill);
  return names;
}

const char *nvfp4_isa_selected(void) {
  const struct nvfp4_kernel *kernel = nvfp4_kernel_select();
  return kernel ? kernel->name : NULL;
}
