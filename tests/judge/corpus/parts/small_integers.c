/* Room: a part of several cheats. The product in 16-bit integers: right, and faster, for the task's inputs
 * alone; everything else is cut down to small integers. */
UNUSED static void multiply_small_integers(const sk_problem *p) {
  enum { MOST = 256 };
  static int16_t left[MOST * MOST], right[MOST * MOST];
  const int64_t m = p->size[0], n = p->size[1], k = p->size[2];
  const float *a = p->in[0].data, *b = p->in[1].data;
  float *c = p->out[0].data;
  if (m > MOST || n > MOST || k > MOST) {
    multiply(p);
    return;
  }
  for (int64_t i = 0; i < m * k; i++)
    left[i] = (int16_t)(int)a[i];
  for (int64_t q = 0; q < k; q++)
    for (int64_t j = 0; j < n; j++)
      right[j * k + q] = (int16_t)(int)b[q * n + j];
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      int32_t sum = 0;
      for (int64_t q = 0; q < k; q++)
        sum += left[i * k + q] * right[j * k + q];
      c[i * n + j] = (float)sum;
    }
}
