/* Room: agent. Where a model is and which key goes there. A default key belongs to its maker: a server named
 * by hand gets it only when it runs on this machine or is what the environment says to use. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/agent_remote.h"

static int same_host(const char *url, const char *host) {
  struct agent_http_place place;
  return url && *url && agent_http_place(url, &place, NULL) == ST_OK && strcasecmp(place.host, host) == 0;
}

static int is_set(const char *value) {
  return value && *value;
}

/* A key as it stands in the environment, without the line break that `export X=$(cat file)` loses but a
 * service file may not. NULL with out->why when it cannot be a header. */
static char *read_key(const char *variable, struct agent_address *out) {
  const char *value = getenv(variable);
  while (value && isspace((unsigned char)*value))
    value++;
  size_t n = value ? strlen(value) : 0;
  while (n && isspace((unsigned char)value[n - 1]))
    n--;
  if (!n) {
    snprintf(out->why, sizeof out->why, "%s is not set", variable);
    return NULL;
  }
  char *key = strndup(value, n);
  for (const char *p = key; p && *p; p++)
    if (!isgraph((unsigned char)*p) || *p == '"' || *p == '\\') {
      snprintf(out->why, sizeof out->why, "%s holds a character that no key has", variable);
      explicit_bzero(key, n);
      free(key);
      return NULL;
    }
  agent_secret_remember(key);
  return key;
}

static void choose_key(const struct agent_turn *t, const struct agent_maker *maker,
                       const struct agent_http_place *place, struct agent_address *out) {
  const char *own = t->limits->key_variable, *plain = getenv("SHARKTANK_PLAIN_KEYS");
  const char *variable = is_set(own) ? own : maker->key_variable;
  if (!is_set(own) && !place->loopback && !same_host(maker->base, place->host) &&
      !same_host(getenv(maker->base_variable), place->host)) {
    snprintf(out->why, sizeof out->why,
             "no key was sent: %s is not for %.100s (name the variable that holds its key)", variable,
             place->host);
    return;
  }
  char *key = read_key(variable, out);
  if (key && !place->encrypted && !place->loopback && !(plain && strcmp(plain, "1") == 0)) {
    snprintf(out->why, sizeof out->why,
             "no key was sent: it would go to %.100s unencrypted (SHARKTANK_PLAIN_KEYS=1 allows that)",
             place->host);
    explicit_bzero(key, strlen(key));
    free(key);
    key = NULL;
  }
  out->key = key;
}

enum status agent_address_read(struct agent_turn *t, const struct agent_maker *maker,
                               struct agent_address *out, struct error *e) {
  *out = (struct agent_address){0};
  const char *at = strstr(t->target, "@http"), *url = at ? at + 1 : getenv(maker->base_variable);
  size_t model_bytes = at ? (size_t)(at - t->target) : strlen(t->target);
  if (!is_set(url))
    url = maker->base;
  if (!model_bytes)
    return error_set(e, ST_INPUT, "an agent's provider names no model: \"%.80s\"", t->target);
  struct agent_http_place place;
  enum status st = agent_http_place(url, &place, e);
  if (st != ST_OK)
    return st;
  out->model = strndup(t->target, model_bytes);
  out->url = strdup(url);
  if (!out->model || !out->url)
    return error_set(e, ST_MEMORY, "out of memory for an agent's address");
  size_t n = strlen(out->url);
  while (n && out->url[n - 1] == '/')
    out->url[--n] = 0;
  choose_key(t, maker, &place, out);
  return ST_OK;
}

void agent_address_fini(struct agent_address *a) {
  if (a->key)
    explicit_bzero(a->key, strlen(a->key));
  free(a->key);
  free(a->model);
  free(a->url);
  *a = (struct agent_address){0};
}
