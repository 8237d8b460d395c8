/* Room: agent. The one door: a provider's name and a request in, an answer out. Providers are the
 * built-in tank today; others join the table. */
#include "agent/agent.h"

#include <string.h>

#include "agent/agent_builtin.h"

static const struct provider {
  const char *name;
  enum agent_persona persona;
  const char *ask;
} providers[] = {
    {"builtin:incrementalist", AGENT_INCREMENTALIST, "pitch"},
    {"builtin:refactorer", AGENT_REFACTORER, "pitch"},
    {"builtin:hardware_expert", AGENT_HARDWARE_EXPERT, "pitch"},
    {"builtin:wild_card", AGENT_WILD_CARD, "pitch"},
    {"builtin:skeptic", AGENT_SKEPTIC, "ballot"},
    {"builtin:pragmatist", AGENT_PRAGMATIST, "ballot"},
    {"builtin:theorist", AGENT_THEORIST, "ballot"},
    {"builtin:implementer", AGENT_IMPLEMENTER, "entry"},
};
enum { N_PROVIDERS = sizeof providers / sizeof *providers };

enum status agent_tank_open(const json_t *request, struct agent_tank *t, struct error *e) {
  t->model = NULL;
  arena_init(&t->arena, (size_t)512 << 20);
  enum status st = agent_view_read(request, &t->arena, &t->view, e);
  return st != ST_OK ? st : agent_model_fit(&t->view, &t->model, e);
}

void agent_tank_close(struct agent_tank *t) {
  arena_fini(&t->arena);
}

enum status agent_contestant(const struct agent_tank *t, enum agent_persona persona, json_t **answer,
                             struct error *e) {
  const char *kind = t->view.round_kind;
  int asks = strcmp(kind, "research") == 0 || (strcmp(kind, "wild_card") == 0 && persona == AGENT_WILD_CARD);
  json_t *pitch = NULL;
  enum status st;
  if (asks) {
    st = agent_question_pitch(t, persona, &pitch, e);
  } else {
    struct agent_plan plan;
    st = agent_plan_make(t, persona, &plan, e);
    if (st == ST_OK)
      st = agent_plan_pitch(t, &plan, &pitch, e);
  }
  if (st != ST_OK)
    return st;
  *answer = json_pack("{s:o}", "pitch", pitch);
  return *answer ? ST_OK : error_set(e, ST_MEMORY, "no memory for the pitch");
}

static const struct provider *find_provider(const char *name) {
  for (size_t i = 0; name && i < N_PROVIDERS; i++)
    if (strcmp(providers[i].name, name) == 0)
      return &providers[i];
  return NULL;
}

int agent_builtin_at(size_t i, const char **name, const char **ask) {
  if (i >= N_PROVIDERS)
    return 0;
  *name = providers[i].name;
  *ask = providers[i].ask;
  return 1;
}

enum status agent_call(const char *provider, const json_t *request, json_t **answer, struct error *e) {
  *answer = NULL;
  const struct provider *p = find_provider(provider);
  if (!p) {
    char names[512] = "";
    for (size_t i = 0; i < N_PROVIDERS; i++) {
      strcat(names, i ? ", " : "");
      strcat(names, providers[i].name);
    }
    return error_set(e, ST_INPUT, "there is no agent \"%.80s\"; there are %s", provider ? provider : "",
                     names);
  }
  const char *protocol = json_str(request, "protocol", "");
  if (strcmp(protocol, "sharktank.agent/1") != 0)
    return error_set(e, ST_INPUT, "the request speaks protocol \"%.60s\"; %s speaks sharktank.agent/1",
                     protocol, p->name);
  if (strcmp(json_str(request, "ask", ""), p->ask) != 0)
    return error_set(e, ST_INPUT, "%s answers \"%s\", and was asked for \"%.60s\"", p->name, p->ask,
                     json_str(request, "ask", ""));
  struct agent_tank t;
  enum status st = agent_tank_open(request, &t, e);
  if (st == ST_OK) {
    if (p->persona == AGENT_IMPLEMENTER)
      st = agent_implement(&t, answer, e);
    else if (strcmp(p->ask, "ballot") == 0)
      st = agent_shark(&t, p->persona, json_arr(request, "pitches"), answer, e);
    else
      st = agent_contestant(&t, p->persona, answer, e);
  }
  agent_tank_close(&t);
  if (st != ST_OK) {
    json_decref(*answer);
    *answer = NULL;
  }
  return st;
}
