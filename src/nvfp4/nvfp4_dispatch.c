/* Room: nvfp4. Which instruction set the fast path uses. May include base/ and nvfp4.h only. */
#include <stdlib.h>
#include <string.h>

#include "nvfp4/nvfp4_kernel.h"

/* Best first; whoever can run one can run those after it. */
static const struct nvfp4_kernel *const kernels[] = {
#if defined(__x86_64__)
    &nvfp4_avx512_vnni_kernel, &nvfp4_avx2_kernel,
#endif
    &nvfp4_scalar_kernel};
static const char *const names[] = {
#if defined(__x86_64__)
    "avx512_vnni", "avx2",
#endif
    "scalar", NULL};

static size_t first_available(void) {
  size_t i = 0;
  while (!kernels[i]->available())
    i++; /* scalar always is */
  return i;
}

const struct nvfp4_kernel *nvfp4_kernel_select(void) {
  const char *wanted = getenv("NVFP4_ISA");
  size_t first = first_available();
  if (!wanted || !*wanted)
    return kernels[first];
  for (size_t i = first; i < sizeof kernels / sizeof kernels[0]; i++)
    if (strcmp(kernels[i]->name, wanted) == 0)
      return kernels[i];
  return NULL;
}

const char *const *nvfp4_isa_available(void) {
  return names + first_available();
}

const char *nvfp4_isa_selected(void) {
  const struct nvfp4_kernel *kernel = nvfp4_kernel_select();
  return kernel ? kernel->name : NULL;
}
