/* This machine's own limits, measured: what the `cpu` device of a roofline stands on.
 *
 * Each figure is the best of several short runs of an unrolled loop on one core (registers only) or
 * of a streaming read of a buffer larger than the last-level cache's share. A figure whose
 * instruction set is missing is NaN: not measured. Takes about 0.4 s; the result is cached in the
 * cache folder under the CPU's name for a day. Thread safe after the first call.
 */
#ifndef SHARKTANK_CHALLENGE_PEAK_H
#define SHARKTANK_CHALLENGE_PEAK_H

#include "base/base_json.h"
#include "base/base_status.h"

struct challenge_peaks {
  double bf16_dot_mac_per_s;                 /* vdpbf16ps, 512 bit */
  double int8_dot_mac_per_s;                 /* vpdpbusd, widest available */
  double fma512_mac_per_s, fma256_mac_per_s; /* fp32 */
  double plain_mac_per_s; /* fp32 multiply and add with what every machine of this kind has; never NaN */
  double read_bytes_per_s;
};
/* fresh: measure even if a cached figure is there. */
enum status challenge_peaks_measure(int fresh, struct challenge_peaks *out, struct error *e) MUST_USE;
json_t *challenge_peaks_json(const struct challenge_peaks *p);

#endif
