/* Tests of room season: the parts of the frozen context that come from the log alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_prompt.h"
#include "season/season_context.h"
#include "season_fake.h"

/* A round whose incumbent was measured with this compile report, which is taken, or without one. */
static json_t *context_after(json_t *compile) {
  struct fake_log f;
  fake_log_start(&f, NULL);
  fake_push(&f, "round_started", fake_json("{'round':1,'kind':'optimisation','why':'test'}"));
  json_t *result = fake_json("{'verdict':'ok','geomean_seconds':0.1,'shapes':[]}");
  if (compile != NULL)
    json_object_set_new(result, "compile", compile);
  fake_act(&f, "r1.measure", "measure", NULL, result);
  json_t *context = season_context(&f.state, fake_now(&f), "naive\n", 6);
  fake_log_end(&f);
  return context;
}

static json_t *report_of(const json_t *context) {
  return json_object_get(json_object_get(context, "incumbent"), "compile");
}

static void prompt_of(json_t *context, int64_t tokens, struct buffer *out) {
  struct error e = {.text = ""};
  json_t *request = json_object();
  json_object_set(request, "context", context);
  json_put_int(request, "round", 1);
  json_put_str(request, "round_kind", "optimisation");
  buffer_init(out);
  if (agent_prompt_context(request, tokens, out, &e) != ST_OK)
    fail_msg("%s", e.text);
  json_decref(request);
}

static void the_compilers_report_comes_from_the_measurement(void **unused) {
  (void)unused;
  struct buffer text;
  json_t *context = context_after(fake_json(
      "{'verdict':'ok','hash':'00','command':'cc -O3 entry.c','compiler':'cc 12.1','seconds':1.5,'cached':true,"
      "'binary_bytes':16384,'reasons':[],'output':'entry.c:3:1: warning: unused\\nentry.c:9:2: warning: odd\\n"
      "entry.c:4:5: optimized: loop vectorized'}"));
  const json_t *report = report_of(context);
  assert_string_equal(json_str(report, "command", ""), "cc -O3 entry.c");
  assert_string_equal(json_str(report, "compiler", ""), "cc 12.1");
  assert_int_equal(json_int(report, "warnings", 0), 2);
  assert_true(json_num(report, "seconds", 0) == 1.5 && json_num(report, "binary_bytes", 0) == 16384);
  assert_null(json_object_get(report, "cached")); /* where the judge had it from helps nobody */
  prompt_of(context, 64000, &text);
  static const char *const has[] = {
      "## The compiler's report", "cc -O3 entry.c", "cc 12.1", "1.5 s", "16384 bytes", "Warnings: 2",
      "loop vectorized"};
  for (size_t i = 0; i < sizeof has / sizeof *has; i++)
    if (strstr(buffer_str(&text), has[i]) == NULL)
      fail_msg("the prompt lacks \"%s\":\n%s", has[i], buffer_str(&text));
  buffer_fini(&text);
  json_decref(context);

  context = context_after(fake_json("{'command':'cc','seconds':1,'binary_bytes':null,'output':''}"));
  prompt_of(context, 64000, &text);
  assert_non_null(strstr(buffer_str(&text), "It wrote nothing: no warnings."));
  assert_null(strstr(buffer_str(&text), "The object has"));
  buffer_fini(&text);
  json_decref(context);
}

/* A season from before reports were measured with is replayed to the byte. */
static void no_report_no_key(void **unused) {
  (void)unused;
  json_t *context = context_after(NULL);
  assert_null(report_of(context));
  json_decref(context);
  context = context_after(json_string("a text"));
  assert_null(report_of(context));
  json_decref(context);
}

static void a_long_report_is_cut_and_goes_early(void **unused) {
  (void)unused;
  struct buffer text;
  char output[40001];
  memset(output, 'w', 40000);
  output[40000] = '\0';
  json_t *context = context_after(json_pack("{s:s, s:s}", "command", "cc", "output", output));
  assert_int_equal(strlen(json_str(report_of(context), "output", "")), 8192);
  assert_int_equal(json_int(report_of(context), "output_left_out_bytes", 0), 40000 - 8192);
  prompt_of(context, 64000, &text);
  assert_non_null(strstr(buffer_str(&text), "wwwwwwww"));
  assert_non_null(strstr(buffer_str(&text), "31808 more bytes"));
  buffer_fini(&text);
  prompt_of(context, 2000, &text);
  assert_null(strstr(buffer_str(&text), "wwwwwwww"));
  assert_non_null(strstr(buffer_str(&text), "compiler's report")); /* that it is left out is said */
  assert_non_null(strstr(buffer_str(&text), "naive"));
  buffer_fini(&text);
  json_decref(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_compilers_report_comes_from_the_measurement),
      cmocka_unit_test(no_report_no_key),
      cmocka_unit_test(a_long_report_is_cut_and_goes_early),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
