/* A plausible season built through the record API, for the tests of the report room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base_file.h"
#include "report_fixture.h"

/* What a hostile agent writes, as the inside of a JSON string. */
#define HOSTILE                                                                                              \
  "<script>alert(1)</script><img src=x onerror=alert(2)> ]]> --> </style> \\\" ' & `x` | *b* [l](javascript:a) \\u202e\\u001b[31m \\u0007"

void fixture_append(struct fixture *f, const char *kind, const char *format, ...) {
  char text[16384];
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  assert_true(n > 0 && (size_t)n < sizeof text);
  json_t *data = NULL;
  struct error e = {0};
  if (json_read(text, (size_t)n, kind, &data, &e) != ST_OK)
    fail_msg("%s: %s in %s", kind, e.text, text);
  if (store_append(f->store, &f->log, kind, data, &e) != ST_OK)
    fail_msg("append %s: %s", kind, e.text);
}

static void blob(struct fixture *f, const char *text, char name[HASH_HEX_BYTES]) {
  struct error e = {0};
  if (store_blob_put(f->store, text, strlen(text), name, &e) != ST_OK)
    fail_msg("blob: %s", e.text);
}

static void started(struct fixture *f, const char *first) {
  fixture_append(
      f, "season_started",
      "{\"schema\":\"sharktank.season/1\",\"engine\":\"0.1.0\",\"challenge\":{\"name\":\"nvfp4_group_gemm\",\"dir\":"
      "\"challenges/nvfp4_group_gemm\",\"task_hash\":\"%s\"},\"seed\":1,\"rounds\":3,\"rules\":{\"alpha\":0.01},"
      "\"machine\":{\"facts\":{\"cpu\":\"Example CPU\",\"cores\":2},\"peaks\":{\"bf16_dot_mac_per_s\":4.3e10,"
      "\"int8_dot_mac_per_s\":3.68e11,\"fma512_mac_per_s\":null}},"
      "\"task\":{\"name\":\"nvfp4_group_gemm\",\"title\":\"NVFP4 grouped GEMM\",\"description\":\"Grouped GEMM.\\n\\nTwo "
      "paragraphs.\",\"sizes\":[\"m\",\"n\",\"k\"],\"inputs\":[{\"name\":\"a\",\"type\":\"e2m1x2\"}],\"outputs\":[{\"name\":"
      "\"c\",\"type\":\"f16\"}],\"compile\":[\"{cc}\",\"-O3\"],\"benchmarks\":[{\"shape\":\"bench1s\",\"scaled\":true,"
      "\"stands_for\":\"bench1\",\"text\":\"G=8 M=80,176,... N=256 K=1024\"},{\"shape\":\"bench2s\",\"scaled\":true,"
      "\"stands_for\":\"bench2\",\"text\":\"G=8 N=448 K=256\"}],\"tests\":[{\"shape\":\"test1\",\"text\":\"G=2\"}],"
      "\"limits\":[{\"claim\":\"threads\",\"max\":1,\"why\":\"one core\"}],\"rules\":[]},"
      "\"rooflines\":[{\"shape\":\"bench1s\",\"seconds\":1e-4,\"bytes_bind\":false,\"text\":\"operations bind\"},"
      "{\"shape\":\"bench2s\",\"seconds\":1e-4,\"bytes_bind\":true,\"text\":\"bytes bind\"}],"
      "\"cast\":{\"contestants\":[{\"name\":\"%s\",\"persona\":\"small steps\",\"agent\":\"builtin:incrementalist\"},"
      "{\"name\":\"Wild Card\",\"persona\":\"questions\",\"agent\":\"builtin:wild_card\"}],\"sharks\":[{\"name\":\"Skeptic\","
      "\"persona\":\"evidence\",\"agent\":\"builtin:skeptic\"},{\"name\":\"Theorist\",\"agent\":\"builtin:theorist\"}],"
      "\"implementer\":{\"name\":\"Implementer\",\"agent\":\"builtin:implementer\"}},"
      "\"incumbent\":{\"blob\":\"%s\",\"origin\":\"entries/naive.c\"}}",
      first, f->hostile ? "Incremental</td><script>x" : "Incrementalist", first);
}

static void begun(struct fixture *f, int round, const char *id, const char *act, const char *who) {
  if (round) {
    fixture_append(f, "begun", "{\"id\":\"%s\",\"act\":\"%s\",\"round\":%d%s%s%s,\"args\":{}}", id, act,
                   round, who ? ",\"who\":\"" : "", who ? who : "", who ? "\"" : "");
  } else {
    fixture_append(f, "begun", "{\"id\":\"%s\",\"act\":\"%s\",\"args\":{}}", id, act);
  }
}

static void pitch(struct fixture *f, int round, const char *who, const char *title, double q50, int mr) {
  char id[96];
  (void)snprintf(id, sizeof id, "r%d.pitch.%s", round, who);
  begun(f, round, id, "pitch", who);
  fixture_append(
      f, "ended",
      "{\"id\":\"%s\",\"act\":\"pitch\",\"round\":%d,\"status\":\"ok\",\"seconds\":0.02,\"result\":{\"pitch\":{\"title\":\"%s\",\"kind\":"
      "\"optimisation\",\"problem\":\"The incumbent %s decodes every element one at a time.\",\"solution\":\"# not a heading\\n1. not a list\\n\\n    "
      "not code\",\"impact\":\"About %.2f times.\",\"complexity\":\"low\",\"risks\":[{\"risk\":\"spills\",\"mitigation\":"
      "\"smaller block\"}],\"evidence\":\"arithmetic\",\"rollback\":\"keep the incumbent\",\"claims\":{\"threads\":1,"
      "\"compile_s\":1.5,\"predicted\":{\"bench1s\":0.001}},\"setting\":{\"ISA\":\"avx2\",\"MR\":%d},\"forecast\":"
      "{\"p_compiles\":0.99,\"p_correct\":0.95,\"p_faster\":0.8,\"speedup\":{\"q10\":%.3f,\"q50\":%.3f,\"q90\":%.3f}},"
      "\"refuted_by\":\"a duel\"}}}",
      id, round, title, f->hostile ? HOSTILE : "", q50, mr, q50 * 0.7, q50, q50 * 1.5);
}

static void ballot(struct fixture *f, int round, const char *who, int vote) {
  char id[96];
  (void)snprintf(id, sizeof id, "r%d.ballot.%s", round, who);
  begun(f, round, id, "ballot", who);
  fixture_append(
      f, "ended",
      "{\"id\":\"%s\",\"act\":\"ballot\",\"round\":%d,\"status\":\"ok\",\"seconds\":0.01,\"result\":{\"ballot\":{\"scores\":"
      "{\"r%d.p1\":{\"speedup\":8,\"ease\":9,\"safety\":9,\"quality\":8},\"r%d.p2\":{\"speedup\":5,\"ease\":6,"
      "\"safety\":5,\"quality\":0}},\"vote\":\"r%d.p%d\",\"reasoning\":\"Numbers %s. Two sentences.\",\"concerns\":"
      "[\"register pressure\"],\"forecasts\":{\"r%d.p1\":{\"p_compiles\":0.9,\"p_correct\":0.9,\"p_faster\":0.6,"
      "\"speedup\":{\"q10\":0.9,\"q50\":1.5,\"q90\":3}}},\"abstain\":[],\"veto\":[]}}}",
      id, round, round, round, round, vote, f->hostile ? HOSTILE : "", round);
}

static void open_round(struct fixture *f, int round, double seconds, const char *context) {
  char id[64];
  fixture_append(f, "round_started", "{\"round\":%d,\"kind\":\"optimisation\",\"why\":\"planned\"}", round);
  (void)snprintf(id, sizeof id, "r%d.measure", round);
  begun(f, round, id, "measure", NULL);
  fixture_append(
      f, "ended",
      "{\"id\":\"%s\",\"act\":\"measure\",\"round\":%d,\"status\":\"ok\",\"seconds\":1.5,\"result\":{\"shapes\":[{\"shape\":\"bench1s\","
      "\"scaled\":true,\"seconds\":%g,\"low\":%g,\"high\":%g},{\"shape\":\"bench2s\",\"scaled\":true,\"seconds\":%g,"
      "\"low\":%g,\"high\":%g}],\"geomean_seconds\":%g,\"verdict\":\"ok\"}}",
      id, round, seconds, seconds * 0.98, seconds * 1.03, seconds, seconds * 0.97, seconds * 1.02, seconds);
  fixture_append(f, "context_frozen", "{\"round\":%d,\"blob\":\"%s\",\"hash\":\"%s\"}", round, context,
                 context);
}

static void pitches(struct fixture *f, int round, const char *first_title) {
  pitch(f, round, "Incrementalist", first_title, 8, 4 + round);
  pitch(f, round, "Wild Card", "Another layout", 2, 40 + round);
  fixture_append(
      f, "phase_closed",
      "{\"round\":%d,\"phase\":\"pitches\",\"ids\":[\"r%d.pitch.Incrementalist\",\"r%d.pitch.Wild Card\"],\"late\":[]}",
      round, round, round);
  fixture_append(
      f, "pitches_gated",
      "{\"round\":%d,\"pitches\":[{\"id\":\"r%d.p1\",\"who\":\"Incrementalist\",\"passed\":true,\"reasons\":[]},"
      "{\"id\":\"r%d.p2\",\"who\":\"Wild Card\",\"passed\":%s,\"reasons\":[{\"gate\":\"roofline\",\"text\":\"promises "
      "%s too much\",\"fact\":\"limit\"}]}]}",
      round, round, round, round == 2 ? "false" : "true", f->hostile ? HOSTILE : "");
}

static void vote(struct fixture *f, int round) {
  ballot(f, round, "Skeptic", 1);
  ballot(f, round, "Theorist", 1);
  fixture_append(
      f, "phase_closed",
      "{\"round\":%d,\"phase\":\"ballots\",\"ids\":[\"r%d.ballot.Skeptic\",\"r%d.ballot.Theorist\"],\"late\":[]}",
      round, round, round);
  fixture_append(
      f, "tally",
      "{\"round\":%d,\"winner\":\"r%d.p1\",\"runner_up\":\"r%d.p2\",\"rule\":\"majority\",\"text\":\"2 of 2 votes\","
      "\"table\":[{\"pitch\":\"r%d.p1\",\"votes\":2,\"mean\":8.45,\"safety\":9,\"ease\":9,\"sd\":0,\"totals\":{},"
      "\"flagged\":false},{\"pitch\":\"r%d.p2\",\"votes\":0,\"mean\":null,\"safety\":null,\"ease\":null,\"sd\":null,"
      "\"totals\":{},\"flagged\":true}]}",
      round, round, round, round, round);
}

static void check(struct fixture *f, int round, const char *verdict, const char *where) {
  char id[64];
  (void)snprintf(id, sizeof id, "r%d.check.r%d.p1.0", round, round);
  begun(f, round, id, "check", NULL);
  fixture_append(
      f, "ended",
      "{\"id\":\"%s\",\"act\":\"check\",\"round\":%d,\"status\":\"ok\",\"seconds\":2,\"result\":{\"schema\":\"sharktank.check/1\","
      "\"verdict\":\"%s\",\"where\":\"%s\",\"cases\":[{\"shape\":\"test1\",\"family\":\"task\",\"verdict\":\"%s\"}],"
      "\"compile\":{\"verdict\":\"ok\",\"command\":\"gcc -O3\",\"output\":\"\"}}}",
      id, round, verdict, where, verdict);
}

static void duel(struct fixture *f, int round, const char *act, const char *verdict, double speedup) {
  char id[64];
  (void)snprintf(id, sizeof id, "r%d.%s.r%d.p1", round, act, round);
  begun(f, round, id, act, NULL);
  fixture_append(
      f, "ended",
      "{\"id\":\"%s\",\"act\":\"%s\",\"round\":%d,\"status\":\"ok\",\"seconds\":4,\"result\":{\"schema\":\"sharktank.duel/1\","
      "\"verdict\":\"%s\",\"speedup\":%g,\"interval\":[%g,%g],\"confidence\":0.95,\"pairs\":12,\"wins\":12,"
      "\"evidence\":664,\"alpha\":0.006,\"delta\":0.005,\"seconds\":4,\"shapes\":[{\"shape\":\"bench1s\",\"scaled\":true,"
      "\"a_seconds\":0.01,\"b_seconds\":%g,\"speedup\":%g,\"interval\":[%g,%g],\"shown_slower\":false}]}}",
      id, act, round, verdict, speedup, speedup * 0.95, speedup * 1.05, 0.01 / speedup, speedup,
      speedup * 0.94, speedup * 1.06);
}

static void outcome(struct fixture *f, int round, const char *what, const char *kind, const char *speedup,
                    const char *entry, int accepted) {
  fixture_append(
      f, "outcome",
      "{\"round\":%d,\"pitch\":\"r%d.p1\",\"who\":\"Incrementalist\",\"title\":\"%s\",\"accepted\":%s,\"outcome\":\"%s\",\"kind\":%s,"
      "\"about\":\"idea\",\"text\":\"What the judge saw. %s\"%s,\"forecast\":{\"p_compiles\":0.99,\"p_correct\":0.95,"
      "\"p_faster\":0.8,\"speedup\":{\"q10\":5.6,\"q50\":8,\"q90\":12}},\"entry\":\"%s\",\"setting\":{\"ISA\":\"avx2\"},"
      "\"evidence\":[\"r%d.duel.r%d.p1\",20]}",
      round, round, f->hostile ? "Title " HOSTILE : "Decode by table", accepted ? "true" : "false", what,
      kind, f->hostile ? HOSTILE : "", speedup, entry, round, round);
}

static void learning(struct fixture *f, const char *id, const char *direction, const char *effect,
                     int round) {
  fixture_append(
      f, "learning",
      "{\"id\":\"%s\",\"claim\":\"MR 4 to 5: %s %s\",\"direction\":\"%s\"%s,\"scope\":{\"device\":\"cpu\",\"shapes\":"
      "[\"bench1s\"],\"incumbent\":\"abc\"},\"evidence\":[\"r%d.duel.r%d.p1\"],\"state\":\"in_force\"}",
      id, direction, f->hostile ? HOSTILE : "", direction, effect, round, round);
}

static void play(struct fixture *f, enum fixture_stop stop) {
  char first[HASH_HEX_BYTES], second[HASH_HEX_BYTES], third[HASH_HEX_BYTES], context[HASH_HEX_BYTES];
  blob(f, "int first; /* ```` </script> */\n", first);
  blob(f, "int second; /* ```` </pre><script>alert(3)</script> */\n", second);
  blob(f, "int third;\n", third);
  blob(
      f,
      "{\"task_hash\":\"t\",\"incumbent\":{\"blob\":\"b\",\"shapes\":[{\"shape\":\"bench1s\",\"seconds\":0.01,\"low\":0.0098,"
      "\"high\":0.0103,\"roofline_seconds\":0.0001}]},\"history\":[],\"learnings\":[]}",
      context);
  started(f, first);
  if (stop == FIXTURE_STARTED)
    return;
  open_round(f, 1, 0.01, context);
  pitches(f, 1, f->hostile ? "Title " HOSTILE : "Decode by table");
  vote(f, 1);
  check(f, 1, "pass", "");
  duel(f, 1, "duel", "faster", 10.2);
  duel(f, 1, "confirm", "faster", 10);
  outcome(f, 1, "SUCCESS", "null", ",\"speedup\":10,\"interval\":[9.5,10.5]", second, 1);
  learning(f, "L1", "faster", ",\"effect\":10,\"interval\":[9.5,10.5]", 1);
  fixture_append(
      f, "incumbent_changed",
      "{\"round\":1,\"from\":\"%s\",\"to\":\"%s\",\"setting\":{\"ISA\":\"avx2\",\"MR\":5},\"speedup\":10,\"interval\":"
      "[9.5,10.5],\"total_speedup\":10}",
      first, second);
  open_round(f, 2, 0.001, context);
  pitches(f, 2, "Wider block");
  if (stop == FIXTURE_MID_ROUND) {
    begun(f, 2, "r2.ballot.Skeptic", "ballot", "Skeptic");
    fixture_append(f, "season_paused", "{\"why\":\"Ctrl-C\"}");
    return;
  }
  vote(f, 2);
  check(f, 2, "wrong", "c of group 3 at [12,40]");
  outcome(f, 2, "FAILURE", "\"wrong\"", "", third, 0);
  learning(f, "L2", "fails", "", 2);
  open_round(f, 3, 0.00101, context);
  pitches(f, 3, "Shorter loop");
  vote(f, 3);
  check(f, 3, "pass", "");
  duel(f, 3, "duel", "slower", 0.9);
  outcome(f, 3, "FAILURE", "\"slower\"", ",\"speedup\":0.9,\"interval\":[0.85,0.95]", third, 0);
  learning(f, "L3", "slower", ",\"effect\":0.9,\"interval\":[0.85,0.95]", 3);
  begun(f, 0, "final", "final", NULL);
  fixture_append(
      f, "ended",
      "{\"id\":\"final\",\"act\":\"final\",\"status\":\"ok\",\"seconds\":5,\"result\":{\"duel\":{\"verdict\":\"faster\",\"speedup\":10,"
      "\"interval\":[9.6,10.4],\"shapes\":[{\"shape\":\"bench1s\",\"scaled\":true,\"a_seconds\":0.01,\"b_seconds\":0.001,"
      "\"speedup\":10,\"interval\":[9.5,10.4]}]}}}");
  fixture_append(
      f, "season_ended",
      "{\"reason\":\"rounds\",\"best\":\"%s\",\"total_speedup\":10,\"final\":{\"duel\":{\"verdict\":\"faster\",\"speedup\":10,"
      "\"interval\":[9.6,10.4],\"shapes\":[{\"shape\":\"bench1s\",\"scaled\":true,\"a_seconds\":0.01,\"b_seconds\":0.001,"
      "\"speedup\":10,\"interval\":[9.5,10.4]}]},\"full\":{\"shapes\":[{\"shape\":\"bench1\",\"scaled\":false,\"seconds\":"
      "0.9,\"low\":0.89,\"high\":0.92,\"gmac_per_s\":30.1}],\"verdict\":\"ok\"}}}",
      second);
}

void fixture_refold(struct fixture *f) {
  struct error e = {0};
  record_state_fini(&f->state);
  if (record_fold(&f->log, &f->state, &e) != ST_OK)
    fail_msg("fold: %s", e.text);
  f->source.state = &f->state;
  f->source.store = f->store;
}

void fixture_open(struct fixture *f, enum fixture_stop stop, int hostile) {
  memset(f, 0, sizeof *f);
  f->hostile = hostile;
  const char *tmp = getenv("TMPDIR");
  if (!tmp || !*tmp)
    tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* every append is an fsync */
  (void)snprintf(f->dir, sizeof f->dir, "%s/sharktank-report-XXXXXX", tmp);
  assert_non_null(mkdtemp(f->dir));
  struct error e = {0};
  event_log_init(&f->log);
  if (store_open(f->dir, STORE_CREATE, &f->store, &e) != ST_OK)
    fail_msg("store: %s", e.text);
  if (stop != FIXTURE_EMPTY)
    play(f, stop);
  fixture_refold(f);
}

void fixture_close(struct fixture *f) {
  record_state_fini(&f->state);
  event_log_fini(&f->log);
  store_close(f->store);
  assert_int_equal(file_remove_tree(f->dir, NULL), ST_OK);
}
