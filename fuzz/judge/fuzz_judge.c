/* Room: fuzz. What an entry can influence, read by the judge: the compiler's output, the cache of compiled
 * entries, the counters in the channel, the way a process ended, the bytes of its outputs. May use src/judge
 * and what that may use.
 *
 *   make fuzz-judge FUZZ_SECONDS=600      builds with clang, address and undefined-behaviour sanitizers
 *
 * The first byte picks what is read. What must hold: no crash; verdicts are of the known words, with a
 * sentence; what a report says is text that JSON can carry; a place that is described lies in a tensor that
 * exists; a result that is called right is within the tolerance. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_file.h"
#include "challenge/challenge_helper.h"
#include "judge/judge_compile_cache.h"
#include "judge/judge_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHAPES = 2, GROUPS = 2, INPUTS = 2, SIDE = 8 };
static const char key[] = "00000000000000000000000000000000000000000000000000000000000000aa";

static void need(int ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "fuzz_judge: %s\n", what);
  abort();
}

/* A report must be JSON that is read back as itself. */
static void check_report(const json_t *report) {
  char *text = json_canonical(report);
  json_t *again = NULL;
  struct error e = {0};
  need(text != NULL, "a report cannot be written");
  need(json_read(text, strlen(text), "a report", &again, &e) == ST_OK, "a report cannot be read again");
  json_decref(again);
  free(text);
}

static void check_verdict(const struct judge_verdict *v) {
  static const char *const known[] = {"pass",          "wrong", "crash",  "timeout",
                                      "out_of_bounds", "gate",  "refused"};
  int found = 0;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    found |= v->kind && strcmp(v->kind, known[i]) == 0;
  need(found, "a verdict that nobody knows");
  need(v->where[0] && memchr(v->where, 0, sizeof v->where) != NULL, "a verdict without a sentence");
  json_t *report = json_object();
  judge_verdict_to_json(v, report);
  check_report(report);
  json_decref(report);
}

/* ---- A challenge and shapes without files and processes ------------------------------------------------ */

struct stage {
  struct challenge challenge;
  struct challenge_tensor in[INPUTS], out[1];
  struct challenge_shape public_shape[SHAPES];
  struct challenge_plan plan;
  sk_tensor in_tensor[GROUPS * INPUTS], out_tensor[GROUPS];
  uint64_t in_offset[GROUPS * INPUTS], out_offset[GROUPS], in_span[GROUPS * INPUTS], out_span[GROUPS],
      out_elems[GROUPS];
  int64_t sizes[GROUPS];
  uint64_t in_at[GROUPS * INPUTS], out_at[GROUPS];
  struct judge_shape shape[SHAPES];
  const struct judge_shape *pointer[SHAPES];
  struct judge judge;
  struct judge_child child;
  _Alignas(128) uint8_t channel[JUDGE_CHANNEL_BYTES];
};

static void set_tensor(sk_tensor *t, uint32_t type, int64_t stride) {
  *t = (sk_tensor){.type = type, .rank = 2, .dim = {SIDE, SIDE}, .stride = {SIDE * stride, stride}};
}

static void set_up(struct stage *s, uint32_t type) {
  size_t bytes = challenge_type_bytes(type);
  memset(s, 0, sizeof *s);
  s->in[0] = (struct challenge_tensor){"a", "f16"};
  s->in[1] = (struct challenge_tensor){"b", "f16"};
  s->out[0] = (struct challenge_tensor){"c", "f16"};
  s->challenge = (struct challenge){.name = "fuzz",
                                    .n_sizes = 1,
                                    .n_in = INPUTS,
                                    .n_out = 1,
                                    .in = s->in,
                                    .out = s->out,
                                    .workspace_max = 4096};
  s->plan = (struct challenge_plan){.n_problems = GROUPS,
                                    .n_sizes = 1,
                                    .n_in = INPUTS,
                                    .n_out = 1,
                                    .sizes = s->sizes,
                                    .in = s->in_tensor,
                                    .out = s->out_tensor,
                                    .in_offset = s->in_offset,
                                    .out_offset = s->out_offset,
                                    .in_span = s->in_span,
                                    .out_span = s->out_span,
                                    .out_elems = s->out_elems};
  for (uint64_t t = 0; t < GROUPS * INPUTS; t++) {
    set_tensor(&s->in_tensor[t], SK_F16, 2);
    s->in_at[t] = (2 * t + 1) * JUDGE_PAGE_BYTES;
    s->in_span[t] = SIDE * SIDE * 2;
  }
  for (uint64_t t = 0; t < GROUPS; t++) {
    set_tensor(&s->out_tensor[t], type, (int64_t)bytes);
    s->out_offset[t] = 1024 * t;
    s->out_at[t] = 192 + 1024 * t;
    s->out_span[t] = SIDE * SIDE * bytes;
    s->out_elems[t] = SIDE * SIDE;
  }
  for (uint32_t i = 0; i < SHAPES; i++) {
    s->public_shape[i] =
        (struct challenge_shape){.name = i ? "second" : "first", .n_problems = GROUPS, .sizes = s->sizes};
    s->shape[i] = (struct judge_shape){.shape = &s->public_shape[i],
                                       .plan = &s->plan,
                                       .n_in = GROUPS * INPUTS,
                                       .n_out = GROUPS,
                                       .in_at = s->in_at,
                                       .in_span = s->in_span,
                                       .out_at = s->out_at,
                                       .out_span = s->out_span,
                                       .in_slot_bytes = 10 * JUDGE_PAGE_BYTES,
                                       .out_slot_bytes = JUDGE_PAGE_BYTES};
    s->pointer[i] = &s->shape[i];
  }
  s->judge.challenge = &s->challenge;
  s->child = (struct judge_child){.judge = &s->judge,
                                  .shape = s->pointer,
                                  .n_shapes = SHAPES,
                                  .channel = {.fd = -1, .data = s->channel, .bytes = sizeof s->channel},
                                  .call_timeout_ns = 1000000000};
}

/* ---- What is read ---------------------------------------------------------------------------------------
 */

/* The compiler's words. */
static void read_output(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  need(text != NULL, "no memory");
  memcpy(text, data, size);
  text[size] = 0;
  json_t *report = json_object();
  json_object_set_new(report, "first_error", json_null());
  json_object_set_new(report, "output", json_clean_string(text, strlen(text)));
  judge_first_error(report, text);
  const json_t *error = json_object_get(report, "first_error");
  if (!json_is_null(error)) {
    const json_t *line = json_object_get(error, "line");
    need(json_is_null(line) || json_integer_value(line) > 0, "a line below one");
    need(json_is_string(json_object_get(error, "text")), "an error without a text");
  }
  check_report(report);
  json_decref(report);
  free(text);
}

/* The channel, as a child may leave it; the wait status and which shape ran are the judge's own. */
static void read_end(const uint8_t *data, size_t size) {
  static struct stage s;
  set_up(&s, SK_F16);
  if (size < 4)
    return;
  int status = data[0] & 1 ? data[1] << 8 : data[1] & 0x7f;
  s.child.current_shape = data[2] % (SHAPES + 2);
  s.child.bell = data[3];
  struct judge_channel *channel = (void *)s.channel;
  const size_t answers = offsetof(struct judge_channel, done);
  memcpy(s.channel + answers, data + 4,
         size - 4 < sizeof s.channel - answers ? size - 4 : sizeof s.channel - answers);
  if (data[0] & 2) /* a hint that fits the status is what an honest crash leaves */
    atomic_store(&channel->signal_number, (uint32_t)status & 0x7fu);
  struct judge_verdict v = {0};
  judge_explain_status(&s.judge, &s.child, status, "in first", &v);
  check_verdict(&v);
  uint32_t answer = 0;
  int answered = judge_child_answered(&s.child, &answer);
  need(!answered || (uint32_t)(atomic_load(&channel->done) >> 32) == s.child.bell,
       "an answer to another bell");
  v = (struct judge_verdict){0};
  judge_child_symbols(&s.child, &v);
  if (v.kind)
    check_verdict(&v);
  v = (struct judge_verdict){0};
  judge_child_workspace(&s.judge, &s.child, &v);
  for (uint32_t i = 0; !v.kind && i < SHAPES; i++) {
    int64_t bytes = atomic_load(&channel->workspace[i]);
    need(bytes >= 0 && (uint64_t)bytes <= s.challenge.workspace_max, "a workspace that is not allowed");
  }
  if (v.kind)
    check_verdict(&v);
}

/* A place in a slot, near or far. */
static void read_place(const uint8_t *data, size_t size) {
  static struct stage s;
  uint64_t offset = 0;
  char place[160];
  if (size < 9)
    return;
  set_up(&s, SK_F32);
  memcpy(&offset, data + 1, sizeof offset);
  offset >>= data[0] >> 2; /* as often near as far */
  int outputs = data[0] & 1;
  judge_shape_describe(&s.judge, &s.shape[data[0] >> 1 & 1], outputs, offset, place, sizeof place);
  const char *group = strstr(place, "of group ");
  need(group && atoi(group + 9) < GROUPS, "a group that does not exist");
  need(strstr(place, outputs ? "output " : "input ") != NULL, "a tensor of the other kind");
}

/* Outputs and bands. */
static void read_outputs(const uint8_t *data, size_t size) {
  static const uint32_t types[] = {SK_E2M1X2, SK_E4M3, SK_U8,  SK_F16, SK_BF16,
                                   SK_F32,    SK_F64,  SK_I32, SK_I64};
  static struct stage s;
  static uint8_t slot[2][JUDGE_PAGE_BYTES];
  static double value[GROUPS][SIDE * SIDE], tolerance[GROUPS][SIDE * SIDE];
  if (size < 12)
    return;
  uint32_t type = types[data[0] % (sizeof types / sizeof types[0])];
  size_t bytes = challenge_type_bytes(type);
  set_up(&s, type);
  int exact = data[1] & 1 || type == SK_E2M1X2;
  double number = 0;
  memcpy(&number, data + 2, sizeof number);
  for (size_t i = 0; i < sizeof slot[0]; i++) {
    slot[0][i] = data[i % size];
    slot[1][i] = (uint8_t)(data[i % size] ^ (i % 997 == data[10] ? data[11] : 0));
  }
  for (int g = 0; g < GROUPS; g++)
    for (int i = 0; i < SIDE * SIDE; i++) {
      value[g][i] = i % 3 ? number : challenge_decode(type, (uint64_t)(i * 37));
      tolerance[g][i] = data[1] & 2 ? fabs(number) / 4 : 0.5;
    }
  int64_t band = judge_bands_changed(&s.shape[0], slot[0], slot[1]);
  need(band < JUDGE_PAGE_BYTES && (band < 0 || slot[0][band] != slot[1][band]), "a band that did not change");
  const uint8_t *values[GROUPS] = {exact ? slot[1] : (const uint8_t *)value[0],
                                   exact ? slot[1] + 1024 : (const uint8_t *)value[1]};
  const double *tolerances[GROUPS] = {tolerance[0], tolerance[1]};
  struct challenge_data d = {
      .numerics = exact ? SK_EXACT : SK_BOUNDED, .value = values, .tolerance = tolerances};
  struct judge_verdict v = {.kind = "wrong", .where = "somewhere", .has_mismatch = 1};
  challenge_compare(&s.challenge, &s.plan, &d, slot[0], &v.mismatch);
  need(v.mismatch.wrong <= v.mismatch.compared && v.mismatch.compared == (uint64_t)GROUPS * SIDE * SIDE,
       "counts that cannot be");
  for (int g = 0; g < GROUPS && v.mismatch.wrong == 0 && !exact; g++)
    for (uint64_t i = 0; i < SIDE * SIDE; i++) {
      uint64_t bits = 0;
      memcpy(&bits, slot[0] + 1024 * g + i * bytes, bytes);
      double got = challenge_decode(type, bits);
      need(!isfinite(got) || !(fabs(got - value[g][i]) > tolerance[g][i]),
           "a wrong element was called right");
    }
  check_verdict(&v);
  challenge_compare_two(&s.challenge, &s.plan, &d, slot[0], slot[1], &v.mismatch);
  check_verdict(&v);
}

/* A type's values and back. */
static void read_bits(const uint8_t *data, size_t size) {
  static const uint32_t types[] = {SK_E4M3, SK_F16, SK_BF16, SK_F32, SK_F64, SK_I32};
  uint64_t bits = 0;
  if (size < 9)
    return;
  uint32_t type = types[data[0] % (sizeof types / sizeof types[0])];
  memcpy(&bits, data + 1, challenge_type_bytes(type));
  double value = challenge_decode(type, bits);
  double again = challenge_decode(type, challenge_encode(type, value));
  need(isnan(value) ? isnan(again) : value == again, "a value that does not come back");
}

/* The cache's two files: whoever can write them, the judge must not fall over them. */
static void read_cache(const uint8_t *data, size_t size) {
  static char folder[64], path[2][160];
  struct error e = {0};
  if (!folder[0]) {
    snprintf(folder, sizeof folder, "/tmp/sharktank-fuzz-XXXXXX");
    need(mkdtemp(folder) != NULL && setenv("SHARKTANK_CACHE", folder, 1) == 0, "no folder for a cache");
    snprintf(path[0], sizeof path[0], "%s/entries", folder);
    need(file_mkdirs(path[0], &e) == ST_OK, "no folder for a cache");
    snprintf(path[0], sizeof path[0], "%s/entries/%s.json", folder, key);
    snprintf(path[1], sizeof path[1], "%s/entries/%s.so", folder, key);
  }
  size_t cut = size > 1 ? data[0] * (size - 1) / 255 : 0;
  const uint8_t *part[2] = {data + (size > 0), data + (size > 0) + cut};
  const size_t bytes[2] = {cut, size > 0 ? size - 1 - cut : 0};
  for (int i = 0; i < 2; i++) {
    FILE *f = fopen(path[i], "wb");
    need(f && fwrite(part[i], 1, bytes[i], f) == bytes[i] && fclose(f) == 0, "the cache cannot be written");
  }
  int fd = -1;
  json_t *report = judge_cache_load(key, &fd);
  if (report) {
    need(strcmp(json_str(report, "key", ""), key) == 0, "a report of another key");
    need((fd >= 0) == (strcmp(json_str(report, "verdict", ""), "ok") == 0),
         "an object without the verdict ok");
    struct judge_build build = {.object_fd = fd, .report = report};
    struct judge_verdict v = {0};
    if (!judge_build_ok(&build)) {
      judge_build_verdict(&build, &v);
      need(v.kind && v.where[0], "a build without a verdict");
    }
    check_report(report);
  }
  if (fd >= 0)
    close(fd);
  json_decref(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const reader[])(const uint8_t *, size_t) = {read_output,  read_end,  read_place,
                                                            read_outputs, read_bits, read_cache};
  if (size > 0)
    reader[data[0] % (sizeof reader / sizeof reader[0])](data + 1, size - 1);
  return 0;
}
