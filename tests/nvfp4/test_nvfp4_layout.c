/* Room: tests of nvfp4. Packing, and scale layouts against one built by walking memory in order. */
#include <stdlib.h>
#include <string.h>

#include "nvfp4_support.h"

static void low_nibble_comes_first(void **state) {
  (void)state;
  const uint8_t codes[6] = {0x1, 0x2, 0xf, 0x0, 0x7, 0x8};
  uint8_t packed[3], back[6];
  nvfp4_pack(codes, 6, packed);
  assert_int_equal(packed[0], 0x21);
  assert_int_equal(packed[1], 0x0f);
  assert_int_equal(packed[2], 0x87);
  nvfp4_unpack(packed, 6, back);
  assert_memory_equal(codes, back, 6);
}

/* Walks [batch][row tile][k tile][32][4][4] byte by byte and says what stands where. */
static void check_offsets(int64_t batch, int64_t rows, int64_t k) {
  int64_t at = 0, blocks = k / 16, row_tiles = (rows + 127) / 128, k_tiles = (blocks + 3) / 4, seen = 0;
  for (int64_t b = 0; b < batch; b++)
    for (int64_t row_tile = 0; row_tile < row_tiles; row_tile++)
      for (int64_t k_tile = 0; k_tile < k_tiles; k_tile++)
        for (int64_t lane = 0; lane < 32; lane++)
          for (int64_t quarter = 0; quarter < 4; quarter++)
            for (int64_t column = 0; column < 4; column++, at++) {
              int64_t i = row_tile * 128 + quarter * 32 + lane, j = k_tile * 4 + column;
              if (i >= rows || j >= blocks)
                continue;
              assert_int_equal(nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, rows, k, i, j, b), at);
              seen++;
            }
  assert_int_equal(seen, batch * rows * blocks);
  assert_int_equal(nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, batch, rows, k), at);
  assert_int_equal(nvfp4_scale_bytes(NVFP4_SCALES_PLAIN, batch, rows, k), seen);
}

static void check_conversion(int64_t batch, int64_t rows, int64_t k) {
  size_t plain_bytes = (size_t)(batch * rows * (k / 16));
  size_t blocked_bytes = (size_t)nvfp4_scale_bytes(NVFP4_SCALES_BLOCKED, batch, rows, k);
  uint8_t *plain = support_alloc(plain_bytes), *back = support_alloc(plain_bytes);
  uint8_t *blocked = support_alloc(blocked_bytes);
  size_t padding = 0;
  for (size_t i = 0; i < plain_bytes; i++)
    if (plain[i] == 0xa5)
      plain[i] = 0; /* leaves 0xa5 to the padding */
  assert_int_equal(nvfp4_scale_to_blocked(plain, batch, rows, k, 0xa5, blocked), NVFP4_OK);
  for (size_t i = 0; i < blocked_bytes; i++)
    padding += blocked[i] == 0xa5;
  assert_int_equal(padding, blocked_bytes - plain_bytes);
  for (int64_t b = 0, at = 0; b < batch; b++)
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < k / 16; j++, at++)
        assert_int_equal(blocked[nvfp4_scale_offset(NVFP4_SCALES_BLOCKED, rows, k, i, j, b)], plain[at]);
  assert_int_equal(nvfp4_scale_to_plain(blocked, batch, rows, k, back), NVFP4_OK);
  assert_memory_equal(plain, back, plain_bytes);
  free(plain);
  free(back);
  free(blocked);
}

static void blocked_offsets(void **state) {
  (void)state;
  const int64_t rows[] = {1, 31, 32, 33, 127, 128, 129, 300}, k[] = {16, 48, 64, 80, 272, 1024};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
    for (size_t i = 0; i < sizeof k / sizeof k[0]; i++) {
      check_offsets(1, rows[r], k[i]);
      check_offsets(3, rows[r], k[i]);
      check_conversion(2, rows[r], k[i]);
    }
}

static void refuses_bad_sizes(void **state) {
  (void)state;
  uint8_t x[512] = {0};
  assert_int_equal(nvfp4_scale_to_blocked(x, 1, 1, 24, 0, x), NVFP4_ERR_K);
  assert_int_equal(nvfp4_scale_to_blocked(x, 1, -1, 16, 0, x), NVFP4_ERR_SHAPE);
  assert_int_equal(nvfp4_scale_to_blocked(NULL, 1, 1, 16, 0, x), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_scale_to_plain(x, 1, 1, 16, NULL), NVFP4_ERR_NULL);
  assert_int_equal(nvfp4_scale_to_plain(x, INT64_C(1) << 40, INT64_C(1) << 40, 16, x), NVFP4_ERR_SHAPE);
  assert_int_equal(nvfp4_scale_to_plain(NULL, 1, 0, 16, NULL), NVFP4_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(low_nibble_comes_first),
                                     cmocka_unit_test(blocked_offsets), cmocka_unit_test(refuses_bad_sizes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
