/* Room: fuzz. The fuzz target of libnvfp4: bytes become a call, valid or with mistakes in it.
 *
 *   make fuzz FUZZ_SECONDS=600      builds with clang, address and undefined-behaviour sanitizers, and runs
 *
 * Operands lie in memory that fits exactly and is fenced by pages that trap, since vector instructions
 * escape the address sanitizer. A call with mistakes must return an error that fuzz_rules.c, which repeats
 * the header's rules without looking at the library, allows, and must have written nothing. A valid call
 * must stay within the tolerance of the bounded oracle, give the bits of the scalar path, equal the exact
 * oracle where sums are exact, and touch nothing but its result.
 *
 * `make check` runs a few hundred drawn inputs through the same code without libFuzzer
 * (tests/nvfp4/test_nvfp4_fuzz_regressions.c), and all of fuzz/regressions/: inputs that once failed, as
 * hex. A failure prints its input in that form. Inputs mean something else once the target changes how
 * it draws; each file there says in words what it was, so that a proper test can stand for it too. */
#include <stdarg.h>
#include <stdlib.h>

#include "fuzz_parts.h"

static const uint8_t *current;
static size_t current_size;

unsigned fuzz_byte(struct fuzz_draw *d) {
  if (d->left == 0)
    return 0;
  d->left--;
  return *d->data++;
}

unsigned fuzz_pick(struct fuzz_draw *d, unsigned count) {
  unsigned byte = fuzz_byte(d);
  if (count > 256)
    byte = byte << 8 | fuzz_byte(d);
  return byte % count;
}

int fuzz_rarely(struct fuzz_draw *d, unsigned in) {
  return fuzz_byte(d) % in == in - 1;
}

void fuzz_fail(const char *format, ...) {
  va_list args;
  fprintf(stderr, "fuzz_nvfp4: ");
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\nfuzz_nvfp4: the input: ");
  for (size_t i = 0; i < current_size; i++)
    fprintf(stderr, "%02x", current[i]);
  fprintf(stderr, "\n");
  abort();
}

void fuzz_need(int ok, const char *what) {
  if (!ok)
    fuzz_fail("%s", what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_draw d = {data, size};
  current = data;
  current_size = size;
  fuzz_memory_reset();
  fuzz_call_isa(NULL);
  switch (fuzz_pick(&d, 16)) {
  case 11:
    fuzz_quantize(&d);
    break;
  case 12:
    fuzz_dequantize(&d);
    break;
  case 13:
    fuzz_layouts(&d);
    break;
  case 14:
    fuzz_prepack(&d);
    break;
  case 15:
    fuzz_codes(&d);
    break;
  default:
    fuzz_product_run(&d);
  }
  return 0;
}
