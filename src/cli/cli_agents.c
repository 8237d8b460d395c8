/* Room cli: the command `agents`: who can play, who plays, which keys are there, and whether they answer.
 * Names of keys only, never values; whatever an agent's name or answer repeats is redacted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_exchange.h"
#include "agent/agent_human.h"
#include "cli/cli.h"
#include "report/report_value.h"
#include "season/season.h"
#include "season/season_budget.h"

enum { TEST_OUTPUT_TOKENS = 2048, TEST_SECONDS = 120, AGENTS_MAX = 32 };

static const struct {
  const char *form, *text;
} remote[] = {
    {"anthropic:MODEL[@URL]", "Anthropic's Messages API"},
    {"openai:MODEL[@URL]", "chat completions of any compatible server, a local one too"},
    {"exec:COMMAND", "a program that reads a request and writes an answer"},
    {"recorded:FILE", "answers given before"},
    {"human[:NAME]", "a person, asked in the season's folder"},
};

static const struct {
  const char *name, *of;
} keys[] = {
    {"ANTHROPIC_API_KEY", "anthropic:, exec:"},
    {"OPENAI_API_KEY", "openai:, exec:"},
    {"ANTHROPIC_AUTH_TOKEN", "exec:"},
    {"CLAUDE_CODE_OAUTH_TOKEN", "exec:"},
    {"CODEX_API_KEY", "exec:"},
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static int is_builtin(const char *agent) {
  const char *name, *ask;
  for (size_t i = 0; agent_builtin_at(i, &name, &ask); i++) {
    if (!strcmp(name, agent))
      return 1;
  }
  return 0;
}

static const char *kind_of(const char *agent) {
  if (is_builtin(agent))
    return "builtin";
  if (!strcmp(agent, "contestant"))
    return "contestant"; /* an implementer: whoever pitched it */
  if (agent_is_person(agent))
    return "human";
  return agent_exchange_knows(agent) ? "remote" : "unknown";
}

/* An address may hold a password and a command a key. */
static void put_agent(json_t *o, const char *agent) {
  char *copy = strdup(agent);
  if (copy)
    agent_redact(copy, strlen(copy));
  json_put_str(o, "agent", copy);
  free(copy);
}

static json_t *providers(void) {
  json_t *list = json_array();
  const char *name, *ask;
  for (size_t i = 0; agent_builtin_at(i, &name, &ask); i++) {
    json_t *one = json_object();
    json_put_str(one, "agent", name);
    json_put_str(one, "kind", "builtin");
    json_put_str(one, "answers", ask);
    (void)json_array_append_new(list, one);
  }
  for (size_t i = 0; i < COUNT(remote); i++) {
    json_t *one = json_object();
    json_put_str(one, "agent", remote[i].form);
    json_put_str(one, "kind", strncmp(remote[i].form, "human", 5) ? "remote" : "human");
    json_put_str(one, "text", remote[i].text);
    (void)json_array_append_new(list, one);
  }
  return list;
}

struct found { /* the agents of a cast, each once per key; names are borrowed from the rules */
  const char *agent[AGENTS_MAX], *key_variable[AGENTS_MAX];
  size_t n;
};

static void add_key(json_t *list, const char *name, const char *of) {
  const char *value = getenv(name);
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!strcmp(json_str(json_array_get(list, i), "name", ""), name))
      return;
  }
  json_t *one = json_object();
  json_put_str(one, "name", name);
  json_put_bool(one, "present", value && *value);
  json_put_str(one, "for", of);
  (void)json_array_append_new(list, one);
}

static json_t *key_list(const struct found *f) {
  json_t *list = json_array();
  for (size_t i = 0; i < COUNT(keys); i++)
    add_key(list, keys[i].name, keys[i].of);
  for (size_t i = 0; i < f->n; i++) {
    if (*f->key_variable[i])
      add_key(list, f->key_variable[i], "named in the cast");
  }
  return list;
}

static void add_member(json_t *list, struct found *f, const char *role, const json_t *member) {
  const char *agent = json_str(member, "agent", ""), *key = json_str(member, "key_variable", "");
  json_t *one = json_object();
  json_put_str(one, "role", role);
  json_put_str(one, "name", json_str(member, "name", "?"));
  put_agent(one, agent);
  json_put_str(one, "kind", kind_of(agent));
  json_put_str(one, "key_variable", *key ? key : NULL);
  (void)json_array_append_new(list, one);
  size_t i = 0;
  while (i < f->n && (strcmp(f->agent[i], agent) != 0 || strcmp(f->key_variable[i], key) != 0))
    i++;
  if (i < f->n || f->n == AGENTS_MAX)
    return;
  f->agent[f->n] = agent;
  f->key_variable[f->n++] = key;
}

static json_t *cast_list(const json_t *rules, struct found *f) {
  const json_t *cast = json_obj(rules, "cast");
  static const char *const part[] = {"contestants", "sharks"}, *const role[] = {"contestant", "shark"};
  json_t *list = json_array();
  for (size_t p = 0; p < COUNT(part); p++) {
    const json_t *members = json_arr(cast, part[p]);
    for (size_t i = 0; i < json_array_size(members); i++)
      add_member(list, f, role[p], json_array_get(members, i));
  }
  add_member(list, f, "implementer", json_obj(cast, "implementer"));
  return list;
}

/* ---- one tiny call ----------------------------------------------------------------------- */

static void put_count(json_t *o, const char *key, int64_t n) {
  if (n >= 0)
    json_put_int(o, key, n);
  else
    (void)json_object_set_new(o, key, json_null());
}

/* One call; *status becomes the worse of itself and what came of it. */
static json_t *try_agent(const char *agent, const char *key_variable, const struct agent_limits *of_cast,
                         int *status) {
  json_t *one = json_object();
  json_t *schema = json_pack("{s:s, s:{s:{s:s}}, s:[s], s:b}", "type", "object", "properties", "ready",
                             "type", "boolean", "required", "ready", "additionalProperties", 0);
  const struct agent_prompt prompt = {
      .system = "This is a test of the connection. Answer with one JSON object and nothing else.",
      .context = "There is no context.",
      .ask = "Are you ready? Answer {\"ready\": true}.",
      .name = "test",
      .schema = schema};
  struct agent_limits limits = *of_cast;
  struct agent_exchange x;
  struct error e;
  memset(&e, 0, sizeof e);
  if (limits.total_ns > TEST_SECONDS * INT64_C(1000000000))
    limits.total_ns = TEST_SECONDS * INT64_C(1000000000);
  limits.retries = limits.retries < 1 ? limits.retries : 1;
  limits.key_variable = *key_variable ? key_variable : NULL;
  if (limits.max_output_tokens > TEST_OUTPUT_TOKENS)
    limits.max_output_tokens = TEST_OUTPUT_TOKENS;
  const enum status st = agent_exchange_run(agent, &prompt, &limits, cli_stopped, NULL, &x, &e);
  const int result = st != ST_OK                   ? status_exit(st)
                     : x.fault != AGENT_FAULT_NONE ? CLI_OTHER_VERDICT
                                                   : CLI_DONE;
  put_agent(one, agent);
  json_put_str(one, "key_variable", *key_variable ? key_variable : NULL);
  json_put_str(one, "result",
               st != ST_OK                   ? "error"
               : x.fault == AGENT_FAULT_NONE ? "answered"
                                             : agent_fault_name(x.fault));
  json_put_str(one, "sentence", st != ST_OK ? e.text : agent_fault_sentence(x.fault));
  json_put_str(one, "detail", st == ST_OK && x.detail[0] ? x.detail : NULL);
  json_put_num(one, "seconds", st == ST_OK ? (double)x.usage.latency_ns / 1e9 : NAN);
  put_count(one, "input_tokens", st == ST_OK ? x.usage.input_tokens : -1);
  put_count(one, "output_tokens", st == ST_OK ? x.usage.output_tokens : -1);
  put_count(one, "cache_read_tokens", st == ST_OK ? x.usage.cache_read_tokens : -1);
  put_count(one, "cache_write_tokens", st == ST_OK ? x.usage.cache_write_tokens : -1);
  put_count(one, "attempts", st == ST_OK ? x.usage.attempts : -1);
  agent_exchange_fini(&x);
  json_decref(schema);
  if (result > *status)
    *status = result;
  return one;
}

static json_t *try_all(const json_t *rules, const struct found *f, int *status) {
  json_t *list = json_array();
  struct agent_ask_options options_of_cast;
  season_agent_options(rules, &options_of_cast);
  cli_catch_stop();
  for (size_t i = 0; i < f->n && !cli_stopped(NULL); i++) {
    if (!agent_exchange_knows(f->agent[i]) || !strncmp(f->agent[i], "recorded:", 9) ||
        agent_is_person(f->agent[i]))
      continue; /* a recording knows no question but its own, and a person is asked within a season */
    (void)json_array_append_new(list,
                                try_agent(f->agent[i], f->key_variable[i], &options_of_cast.limits, status));
  }
  return list;
}

/* ---- for people -------------------------------------------------------------------------- */

static void print_cast(const json_t *cast) {
  static const char *const heads[] = {"role", "name", "agent", "note", NULL};
  struct cli_table *t = cli_table_create(heads);
  for (size_t i = 0; i < json_array_size(cast); i++) {
    const json_t *one = json_array_get(cast, i);
    cli_table_cell(t, "%s", json_str(one, "role", ""));
    cli_table_cell(t, "%s", json_str(one, "name", ""));
    cli_table_cell(t, "%s", json_str(one, "agent", ""));
    cli_table_cell(t, "%s", strcmp(json_str(one, "kind", ""), "unknown") ? "" : "there is no such agent");
  }
  cli_table_print(t);
}

static void print_tokens(struct cli_table *t, const json_t *one, const char *key) {
  double n;
  if (json_has_num(one, key, &n))
    cli_table_cell(t, "%.0f", n);
  else
    cli_table_cell(t, "not told");
}

static void print_tests(const json_t *tests) {
  static const char *const heads[] = {"agent", "result", ">latency", ">tokens in", ">tokens out", NULL};
  if (!json_array_size(tests)) {
    cli_out("\nnothing to test: this cast has no agent outside this program\n");
    return;
  }
  cli_out("\n");
  struct cli_table *t = cli_table_create(heads);
  for (size_t i = 0; i < json_array_size(tests); i++) {
    const json_t *one = json_array_get(tests, i);
    char latency[REPORT_TEXT_BYTES];
    report_time(report_value_from(one, "seconds", NULL), latency);
    cli_table_cell(t, "%s", json_str(one, "agent", ""));
    cli_table_cell(t, "%s", json_str(one, "result", ""));
    cli_table_cell(t, "%s", latency);
    print_tokens(t, one, "input_tokens");
    print_tokens(t, one, "output_tokens");
  }
  cli_table_print(t);
  for (size_t i = 0; i < json_array_size(tests); i++) {
    const json_t *one = json_array_get(tests, i);
    const char *detail = json_str(one, "detail", NULL);
    if (strcmp(json_str(one, "result", ""), "answered") != 0)
      cli_out("%s: %s%s%s\n", json_str(one, "agent", ""), json_str(one, "sentence", ""), detail ? ": " : "",
              detail ? detail : "");
  }
}

static void print_human(const json_t *o) {
  static const char *const heads[] = {"agent", "what it is", NULL}, *const key_heads[] = {"key", "present",
                                                                                          "for", NULL};
  struct cli_table *t = cli_table_create(heads);
  const json_t *list = json_arr(o, "providers");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    const char *ask = json_str(one, "answers", NULL);
    cli_table_cell(t, "%s", json_str(one, "agent", ""));
    cli_table_cell(t, "%s%s", ask ? "built in; gives: " : json_str(one, "text", ""), ask ? ask : "");
  }
  cli_table_print(t);
  cli_out("\ncast of %s\n", json_str(o, "config", "a season without --config"));
  print_cast(json_arr(o, "cast"));
  cli_out("\n");
  t = cli_table_create(key_heads);
  list = json_arr(o, "keys");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    cli_table_cell(t, "%s", json_str(one, "name", ""));
    cli_table_cell(t, "%s", json_bool(one, "present", 0) ? "yes" : "no");
    cli_table_cell(t, "%s", json_str(one, "for", ""));
  }
  cli_table_print(t);
  if (json_object_get(o, "tests"))
    print_tests(json_arr(o, "tests"));
}

static int run(const struct cli_call *c) {
  json_t *rules = NULL, *o = json_object();
  struct found found = {.n = 0};
  struct error e;
  int status = CLI_DONE;
  memset(&e, 0, sizeof e);
  if (season_rules_load(cli_value(c, "--config"), &rules, &e) != ST_OK) {
    json_decref(o);
    return cli_error(&e);
  }
  json_put_str(o, "schema", "sharktank.agents/1");
  json_put_str(o, "config", cli_value(c, "--config"));
  (void)json_object_set_new(o, "providers", providers());
  (void)json_object_set_new(o, "cast", cast_list(rules, &found));
  (void)json_object_set_new(o, "keys", key_list(&found));
  if (cli_given(c, "--test"))
    (void)json_object_set_new(o, "tests", try_all(rules, &found, &status));
  json_decref(rules);
  if (cli_given(c, "--json"))
    return cli_json(o, status);
  print_human(o);
  json_decref(o);
  return cli_finish(status);
}

static const struct cli_option options[] = {
    {"--config", "FILE", "season.yml whose cast to show (default: the cast of a season without one)", NULL},
    {"--test", NULL, "make one tiny call to each agent of the cast that is not built in", NULL},
    {"--json", NULL, "one object, schema sharktank.agents/1 (docs/json.md)", NULL},
    {NULL, NULL, NULL, NULL}};

const struct cli_command cli_agents = {
    "agents",
    "[--config FILE] [--json] [--test]",
    "who can play, who plays, and whether they answer",
    "Lists the agents that exist, the cast of a season, and which keys the environment holds (their names,\n"
    "never their values). With --test each agent of the cast that is not built in is asked one small question:\n"
    "a hosted model charges a few hundred tokens for it. docs/agents.md says how to set agents up.\n\n"
    "Exit status: 0 done, and with --test all answered; 1 an agent did not answer; 2 the call or the file is\n"
    "wrong; 3 the machinery failed.\n",
    0,
    0,
    options,
    run};
