/* The MCP server over pipes: handshake in three versions, every tool, and whatever a broken or hostile client
 * may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "season/season_ledger.h"
#include "serve_support.h"

#define COUNT(list)     (sizeof(list) / sizeof *(list))
#define SERVE(c, ...)   client_start((c), (const char *const[]){__VA_ARGS__, NULL})
#define CHALLENGE(c)    SERVE((c), "--challenge", TINY)
#define PING(id)        "{'jsonrpc':'2.0','id':" id ",'method':'ping'}"
#define STRUCTURE(tool) json_obj((tool), "structuredContent")

static json_t *with_source(const char *entry) {
  char *text = source_of(entry);
  json_t *o = json_pack("{s:s}", "source", text);
  free(text);
  return o;
}

static int is_error(const json_t *result) {
  return json_bool(result, "isError", -1);
}

static void test_versions(void **state) {
  (void)state;
  static const struct {
    const char *asked, *given;
    int structure, hints;
  } table[] = {{"2025-06-18", "2025-06-18", 1, 1},
               {"2025-03-26", "2025-03-26", 0, 1},
               {"2024-11-05", "2024-11-05", 0, 0},
               {"2099-01-01", "2025-06-18", 1, 1},
               {"", "2025-06-18", 1, 1}};
  for (size_t i = 0; i < COUNT(table); i++) {
    struct client c;
    CHALLENGE(&c);
    json_t *o = client_ask(&c, PING("0")); /* allowed before the handshake */
    assert_int_equal(json_object_size(json_object_get(o, "result")), 0);
    json_decref(o);
    o = client_ask(&c, "{'jsonrpc':'2.0','id':1,'method':'tools/list'}");
    assert_int_equal(error_code(o), -32600); /* not before the handshake */
    json_decref(o);
    o = client_ask(&c, "{'jsonrpc':'2.0','id':2,'method':'initialize','params':{'protocolVersion':'%s'}}",
                   table[i].asked);
    const json_t *r = json_obj(o, "result");
    assert_string_equal(json_str(r, "protocolVersion", ""), table[i].given);
    assert_string_equal(json_str(json_obj(r, "serverInfo"), "name", ""), "sharktank");
    assert_true(json_is_object(json_object_get(json_obj(r, "capabilities"), "tools")));
    json_decref(o);
    o = client_ask(&c, "{'jsonrpc':'2.0','id':3,'method':'tools/list'}");
    const json_t *tools = json_arr(json_obj(o, "result"), "tools");
    assert_int_equal(json_array_size(tools), 6); /* those of a season are left out */
    for (size_t t = 0; t < json_array_size(tools); t++) {
      const json_t *one = json_array_get(tools, t);
      assert_string_equal(json_str(json_obj(one, "inputSchema"), "type", ""), "object");
      assert_int_equal(json_object_get(one, "outputSchema") != NULL, table[i].structure);
      assert_int_equal(json_object_get(one, "annotations") != NULL, table[i].hints);
    }
    json_decref(o);
    json_t *result = client_tool(&c, "entry_source", json_object());
    assert_int_equal(is_error(result), 0);
    assert_int_equal(json_object_get(result, "structuredContent") != NULL, table[i].structure);
    assert_non_null(strstr(tool_text(result), "sk_entry_run"));
    json_decref(result);
    assert_int_equal(client_end(&c), 0);
  }
}

static void test_reading(void **state) {
  (void)state;
  struct season s;
  struct client c;
  season_make(&s); /* and stays open for writing, as by a running engine */
  SERVE(&c, "--season", s.dir);
  client_greet(&c, "2025-06-18");
  json_t *r = client_tool(&c, "context", json_object());
  assert_int_equal(is_error(r), 0);
  assert_int_equal(json_int(STRUCTURE(r), "round", 0), 1);
  assert_string_equal(json_str(STRUCTURE(r), "context_hash", ""), s.context);
  assert_non_null(strstr(json_str(STRUCTURE(r), "text", ""), "Three times x plus one"));
  assert_non_null(strstr(json_str(STRUCTURE(r), "text", ""), "sk_entry_run"));
  json_decref(r);
  r = client_tool(&c, "standings", json_object());
  assert_string_equal(json_str(STRUCTURE(r), "state", ""), "open");
  assert_int_equal(json_int(STRUCTURE(r), "rounds_planned", 0), 2);
  json_decref(r);
  r = client_tool(&c, "learnings", json_object());
  assert_int_equal(json_int(STRUCTURE(r), "total", 0), 1);
  json_decref(r);
  season_append(&s, "learning",
                "{'id':'L3','claim':'x','direction':'none','scope':{},'evidence':[],'state':'in_force'}");
  r = client_tool(&c, "learnings", json_pack("{s:s, s:i}", "state", "all", "limit", 2));
  assert_int_equal(json_int(STRUCTURE(r), "total", 0), 3); /* what was written meanwhile */
  assert_int_equal(json_int(STRUCTURE(r), "left_out", 0), 1);
  assert_string_equal(json_str(json_array_get(json_arr(STRUCTURE(r), "learnings"), 0), "id", ""), "L3");
  json_decref(r);
  r = client_tool(&c, "roofline", json_object());
  assert_string_equal(json_str(json_array_get(json_arr(STRUCTURE(r), "shapes"), 0), "shape", ""), "small1");
  json_decref(r);
  assert_int_equal(client_end(&c), 0);
  season_end(&s);
}

static void test_entries(void **state) {
  (void)state;
  struct season s;
  struct client c;
  season_make(&s);
  SERVE(&c, "--season", s.dir);
  client_greet(&c, "2025-06-18");
  const struct {
    const char *which, *hash;
  } table[] = {{"incumbent", s.first}, {"first", s.first}, {"r1.p1", s.entry}, {s.entry, s.entry},
               {"r9.p1", NULL},        {"../../x", NULL},  {s.context, NULL}}; /* a blob, but no entry */
  for (size_t i = 0; i < COUNT(table); i++) {
    json_t *r = client_tool(&c, "entry_source", json_pack("{s:s}", "entry", table[i].which));
    assert_int_equal(is_error(r), table[i].hash == NULL);
    if (table[i].hash)
      assert_string_equal(json_str(STRUCTURE(r), "hash", ""), table[i].hash);
    else
      assert_non_null(strstr(tool_text(r), "no entry"));
    json_decref(r);
  }
  /* The incumbent of the season is what a duel is against. */
  json_t *args = with_source("naive");
  json_object_set_new(args, "seconds", json_integer(1));
  json_object_set_new(args, "against_entry", json_string("r1.p1"));
  json_t *r = client_tool(&c, "duel", args);
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "wrong");
  assert_string_equal(json_str(STRUCTURE(r), "who", ""), "A");
  json_decref(r);
  assert_int_equal(client_end(&c), 0);
  season_end(&s);
}

static void test_working(void **state) {
  (void)state;
  struct client c;
  SERVE(&c, "--challenge", TINY, "--max-calls", "5");
  client_greet(&c, "2025-06-18");
  json_t *r = client_tool(&c, "compile_report", with_source("broken"));
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "compile_error");
  assert_non_null(strstr(json_str(STRUCTURE(r), "output", ""), "undeclared"));
  assert_int_equal(json_int(json_obj(STRUCTURE(r), "budget"), "calls_left", -1), 4);
  json_decref(r);
  r = client_tool(&c, "check", with_source("naive"));
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "pass");
  json_decref(r);
  r = client_tool(&c, "check", with_source("outside"));
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "out_of_bounds"); /* a verdict is no error */
  assert_int_equal(is_error(r), 0);
  json_decref(r);
  json_t *args = with_source("wrong");
  json_object_set_new(args, "seconds", json_real(1));
  r = client_tool(&c, "duel", args);
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "wrong");
  assert_string_equal(json_str(STRUCTURE(r), "who", ""), "B"); /* A is the incumbent */
  assert_null(json_object_get(STRUCTURE(r), "seeds"));
  json_decref(r);
  char *rival = source_of("crash");
  args = with_source("naive");
  json_object_set_new(args, "against_source", json_string(rival));
  r = client_tool(&c, "duel", args);
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "crash");
  assert_string_equal(json_str(STRUCTURE(r), "who", ""), "A");
  assert_int_equal(json_int(json_obj(STRUCTURE(r), "budget"), "calls_left", -1), 0);
  json_decref(r);
  free(rival);
  r = client_tool(&c, "check", with_source("naive"));
  assert_int_equal(is_error(r), 1);
  assert_non_null(strstr(tool_text(r), "--max-calls"));
  json_decref(r);
  r = client_tool(&c, "roofline", json_pack("{s:s}", "device", "fast")); /* reading goes on */
  assert_int_equal(is_error(r), 0);
  json_decref(r);
  assert_int_equal(client_end(&c), 0);
}

/* A setting of the knobs stands for a source, as an ENTRY does on the command line. */
static void test_settings(void **state) {
  (void)state;
  struct client c;
  SERVE(&c, "--challenge", TINY, "--max-calls", "2");
  client_greet(&c, "2025-06-18");
  json_t *r = client_tool(&c, "compile_report", json_pack("{s:{s:i}}", "setting", "WIDTH", 4));
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "ok");
  char *hash = strdup(json_str(STRUCTURE(r), "hash", ""));
  json_decref(r);
  r = client_tool(&c, "compile_report", json_pack("{s:s}", "setting", "knobs:WIDTH=4"));
  assert_string_equal(json_str(STRUCTURE(r), "hash", ""), hash);
  json_decref(r);
  free(hash);
  static const struct {
    const char *arguments, *says;
  } wrong[] = {
      {"{'setting':'WIDTH=5'}", "WIDTH"},    {"{'setting':'NOPE=1'}", "NOPE"},
      {"{'setting':'WIDTH'}", "NAME=VALUE"}, {"{'setting':{'WIDTH':'x'}}", "WIDTH"},
      {"{}", "source or setting"},           {"{'source':'x','setting':'WIDTH=4'}", "source or setting"},
      {"{'setting':7}", "setting"},          {"{'setting':''}", "--max-calls"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    json_t *o = client_ask(&c,
                           "{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'check',"
                           "'arguments':%s}}",
                           wrong[i].arguments);
    char *text = json_dumps(o, JSON_COMPACT);
    if (!strstr(text, wrong[i].says) ||
        (json_object_get(o, "result") && !is_error(json_object_get(o, "result"))))
      fail_msg("%s: %s", wrong[i].arguments, text); /* and none of them has cost a call but the last */
    free(text);
    json_decref(o);
  }
  assert_int_equal(client_end(&c), 0);
}

/* The season is open for writing all the while, as it is beside a running engine. */
static void test_season_budget(void **state) {
  (void)state;
  struct client c;
  struct season s;
  season_make(&s);
  season_append(&s, "budget_changed", "{'budgets':{'evaluations':2,'wall_s':100000}}");
  SERVE(&c, "--season", s.dir);
  client_greet(&c, "2025-06-18");
  json_t *r = client_tool(&c, "compile_report", with_source("broken"));
  const json_t *budget = json_obj(STRUCTURE(r), "budget");
  assert_int_equal(json_int(budget, "season_evaluations_left", -1), 1);
  assert_true(json_num(budget, "season_seconds_left", 0) > 1);
  assert_int_equal(json_int(budget, "calls_left", -1), 49);
  json_decref(r);
  /* The engine takes what was used into the log; the file is then counted no more. */
  json_t *data = season_ledger_take(s.dir, 0);
  assert_int_equal(json_array_size(json_arr(data, "calls")), 2);
  const json_t *end = json_array_get(json_arr(data, "calls"), 1);
  assert_string_equal(json_str(end, "tool", ""), "compile_report");
  assert_true(json_int(end, "ended_ns", 0) > json_int(end, "began_ns", 0));
  struct error e = {0};
  assert_int_equal(store_append(s.store, &s.log, "tools_used", data, &e), ST_OK);
  r = client_tool(&c, "check", with_source("naive"));
  assert_string_equal(json_str(STRUCTURE(r), "verdict", ""), "pass");
  assert_int_equal(json_int(json_obj(STRUCTURE(r), "budget"), "season_evaluations_left", -1), 0);
  json_decref(r);
  r = client_tool(&c, "duel", with_source("naive"));
  assert_int_equal(is_error(r), 1);
  assert_non_null(
      strstr(tool_text(r), "budget of 2 evaluations is used up (2 are spent, 2 of them by tools)"));
  json_decref(r);
  r = client_tool(&c, "standings", json_object()); /* reading goes on */
  assert_int_equal(is_error(r), 0);
  json_decref(r);
  season_append(&s, "budget_changed", "{'budgets':{'wall_s':0.000001}}");
  r = client_tool(&c, "check", with_source("naive"));
  assert_non_null(strstr(tool_text(r), "wall_s"));
  json_decref(r);
  assert_int_equal(client_end(&c), 0);
  season_end(&s);
}

static void test_seconds(void **state) {
  (void)state;
  struct client c;
  SERVE(&c, "--challenge", TINY, "--max-seconds", "0.1");
  client_greet(&c, "2025-06-18");
  for (int i = 0; i < 2; i++) { /* the first is ended in its middle, the second does not begin */
    json_t *r = client_tool(&c, "check", with_source("hang"));
    assert_int_equal(is_error(r), 1);
    assert_non_null(strstr(tool_text(r), "--max-seconds"));
    json_decref(r);
  }
  assert_int_equal(client_end(&c), 0);
}

static void test_wrong_requests(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int code, null_id;
  } table[] = {
      {"{'jsonrpc':'2.0','id':1,'method':'initialize','params':{'protocolVersion':'2025-06-18'}}", -32600, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'nothing/here'}", -32601, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'resources/list'}", -32601, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/list','params':[]}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/list','params':{'cursor':'x'}}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call'}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':3}}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'no_such_tool'}}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'check'}}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'check','arguments':[]}}", -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'check','arguments':{'source':1}}}",
       -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'context','arguments':{'x':1}}}",
       -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'context','arguments':{'tokens':1}}}",
       -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'duel','arguments':{'source':'',"
       "'seconds':1e9}}}",
       -32602, 0},
      {"{'jsonrpc':'2.0','id':1,'method':'tools/call','params':{'name':'roofline','arguments':{'device':"
       "'abacus'}}}",
       -32602, 0},
      {"{'jsonrpc':'1.0','id':1,'method':'ping'}", -32600, 0},
      {"{'id':1,'method':'ping'}", -32600, 0},
      {"{'jsonrpc':'2.0','id':1}", -32600, 0},
      {"{'jsonrpc':'2.0','id':1,'method':7}", -32600, 0},
      {"{'jsonrpc':'2.0','id':null,'method':'ping'}", -32600, 1},
      {"{'jsonrpc':'2.0','id':1.5,'method':'ping'}", -32600, 1},
      {"{'jsonrpc':'2.0','id':{},'method':'ping'}", -32600, 1},
      {"[" PING("1") "]", -32600, 1}, /* batches went with this version */
      {"3", -32700, 1},
      {"null", -32700, 1},
      {"{'jsonrpc':'2.0','id':1,", -32700, 1},
      {"{'a':1,'a':2}", -32700, 1},
      {"}{", -32700, 1},
  };
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  for (size_t i = 0; i < COUNT(table); i++) {
    json_t *o = client_ask(&c, "%s", table[i].text);
    if (error_code(o) != table[i].code)
      fail_msg("%s: code %d, wanted %d", table[i].text, error_code(o), table[i].code);
    assert_int_equal(json_is_null(json_object_get(o, "id")), table[i].null_id);
    json_decref(o);
  }
  assert_int_equal(client_end(&c), 0);
}

static void must_ping(struct client *c) {
  json_t *o = client_ask(c, PING("'still here'"));
  assert_string_equal(json_str(o, "id", ""), "still here");
  json_decref(o);
}

static void test_no_answer(void **state) {
  (void)state;
  static const char *const table[] = {
      "",
      "   ",
      "{'jsonrpc':'2.0','method':'notifications/initialized'}",
      "{'jsonrpc':'2.0','method':'what'}",
      "{'jsonrpc':'2.0','method':'tools/call','params':{'name':'check'}}",
      "{'jsonrpc':'2.0','method':'notifications/cancelled','params':{'requestId':99}}",
      "{'jsonrpc':'2.0','method':'notifications/cancelled'}",
      "{'jsonrpc':'2.0','id':5,'result':{}}",
      "{'jsonrpc':'2.0','id':5,'error':{'code':1,'message':'x'}}"};
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  for (size_t i = 0; i < COUNT(table); i++) {
    client_write(&c, "\n", 1);
    if (*table[i])
      client_say(&c, "%s\r", table[i]);
    must_ping(&c); /* the next thing it says is the answer to this */
  }
  assert_int_equal(client_end(&c), 0);
}

static void test_hostile_lines(void **state) {
  (void)state;
  enum { BIG = 9 << 20 };
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  char *big = malloc(BIG);
  assert_non_null(big);
  static const struct {
    char fill;
    size_t bytes;
    int code;
  } lines[] = {
      {'x', BIG, -32600}, {'[', 100000, -32700}, {'"', 3, -32700}, {'\0', 100, -32700}, {'\xff', 5, -32700}};
  for (size_t i = 0; i < COUNT(lines); i++) {
    memset(big, lines[i].fill, lines[i].bytes);
    client_write(&c, big, lines[i].bytes);
    client_write(&c, "\n", 1);
    json_t *o = client_hear(&c);
    assert_int_equal(error_code(o), lines[i].code);
    json_decref(o);
    must_ping(&c);
  }
  static const char utf8[] = "{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\x28\",\"method\":\"ping\"}\n";
  client_write(&c, utf8, sizeof utf8 - 1);
  json_t *o = client_hear(&c);
  assert_int_equal(error_code(o), -32700);
  json_decref(o);
  static const char split[] = "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\"}\n";
  for (size_t i = 0; i < sizeof split - 1; i++)
    client_write(&c, &split[i], 1);
  o = client_hear(&c);
  assert_int_equal(json_int(o, "id", 0), 8);
  json_decref(o);
  /* The last line may lack its end. */
  client_write(&c, big, 4);
  free(big);
  (void)close(c.in);
  o = client_hear(&c);
  assert_int_equal(error_code(o), -32700);
  json_decref(o);
  c.in = -1;
  assert_int_equal(client_end(&c), 0);
}

/* Depth is bounded by us, long before the parser's own limit. */
static void test_nesting(void **state) {
  (void)state;
  struct client c;
  char many[101] = "";
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  memset(many, '[', 100);
  for (int deep = 40; deep <= 80; deep += 40) {
    char close[128] = "";
    memset(close, ']', (size_t)deep);
    json_t *o =
        client_ask(&c, "{'jsonrpc':'2.0','id':1,'method':'ping','params':{'text':'{\\'%s','x':%.*s%s}}", many,
                   deep, many, close); /* brackets in a text are no nesting */
    if (deep == 80)
      assert_int_equal(error_code(o), -32700);
    else
      assert_non_null(json_object_get(o, "result"));
    json_decref(o);
  }
  assert_int_equal(client_end(&c), 0);
}

static void test_batches(void **state) {
  (void)state;
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-03-26");
  json_t *o = client_ask(&c, "[" PING("1") ",{'jsonrpc':'2.0','method':'what'},7," PING("'b'") "]");
  assert_int_equal(json_array_size(o), 3);
  assert_int_equal(error_code(json_array_get(o, 1)), -32600);
  assert_string_equal(json_str(json_array_get(o, 2), "id", ""), "b");
  json_decref(o);
  o = client_ask(&c, "[]");
  assert_int_equal(error_code(o), -32600);
  json_decref(o);
  client_say(&c, "[{'jsonrpc':'2.0','method':'what'}]");
  must_ping(&c);
  assert_int_equal(client_end(&c), 0);
}

/* A call that hangs: it tells its progress, answers pings, and ends without a word when it is cancelled. */
static void test_cancel(void **state) {
  (void)state;
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  char *source = source_of("hang");
  json_t *call = json_pack("{s:s, s:i, s:s, s:{s:s, s:{s:s}, s:{s:s}}}", "jsonrpc", "2.0", "id", 5, "method",
                           "tools/call", "params", "name", "check", "arguments", "source", source, "_meta",
                           "progressToken", "p");
  char *text = json_dumps(call, JSON_COMPACT);
  client_write(&c, text, strlen(text));
  client_say(&c, "\n{'jsonrpc':'2.0','id':6,'method':'tools/list'}");
  client_say(&c, PING("7"));
  client_say(&c, "{'jsonrpc':'2.0','id':9,'method':'tools/list'}");
  client_say(&c, "{'jsonrpc':'2.0','method':'notifications/cancelled','params':{'requestId':9}}");
  client_say(&c, "{'jsonrpc':'2.0','method':'notifications/cancelled','params':{'requestId':5}}");
  client_say(&c, "{'jsonrpc':'2.0','id':8,'method':'tools/list'}");
  int64_t seen = 0, told = 0;
  for (int end = 0; !end;) {
    json_t *o = client_hear(&c);
    const json_t *params = json_obj(o, "params");
    if (!strcmp(json_str(o, "method", ""), "notifications/progress")) {
      assert_string_equal(json_str(params, "progressToken", ""), "p");
      assert_true(json_int(params, "progress", 0) > told);
      told = json_int(params, "progress", 0);
    } else {
      const int64_t id = json_int(o, "id", 0);
      if (id == 5 || id == 9)
        fail_msg("a cancelled call was answered");
      seen = 10 * seen + id;
      end = id == 8;
    }
    json_decref(o);
  }
  assert_int_equal(seen, 768); /* the ping at once, the others in their order */
  assert_true(told >= 1);
  free(text);
  free(source);
  json_decref(call);
  assert_int_equal(client_end(&c), 0);
}

/* A client that goes away in the middle of a call takes the server with it. */
static void test_gone(void **state) {
  (void)state;
  struct client c;
  CHALLENGE(&c);
  client_greet(&c, "2025-06-18");
  char *source = source_of("hang");
  json_t *call = json_pack("{s:s, s:i, s:s, s:{s:s, s:{s:s}}}", "jsonrpc", "2.0", "id", 5, "method",
                           "tools/call", "params", "name", "check", "arguments", "source", source);
  char *text = json_dumps(call, JSON_COMPACT);
  client_write(&c, text, strlen(text));
  client_write(&c, "\n", 1);
  (void)close(c.in);
  c.in = -1;
  json_t *o = client_hear(&c);
  assert_int_equal(is_error(json_obj(o, "result")), 1);
  json_decref(o);
  free(text);
  free(source);
  json_decref(call);
  assert_int_equal(client_end(&c), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_versions),  cmocka_unit_test(test_reading),
      cmocka_unit_test(test_entries),   cmocka_unit_test(test_working),
      cmocka_unit_test(test_settings),  cmocka_unit_test(test_season_budget),
      cmocka_unit_test(test_seconds),   cmocka_unit_test(test_wrong_requests),
      cmocka_unit_test(test_no_answer), cmocka_unit_test(test_hostile_lines),
      cmocka_unit_test(test_nesting),   cmocka_unit_test(test_batches),
      cmocka_unit_test(test_cancel),    cmocka_unit_test(test_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
