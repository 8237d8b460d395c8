/* Room: base. May use the C library, jansson, libyaml; nothing of the engine.
 *
 * YAML text to a tree of nodes. libyaml's event parser is used, not its document API: events let the
 * bounds (levels, nodes) stop a hostile file before it costs memory, and aliases are refused where
 * they stand. Looking values up and converting them is in base_yaml_value.c. */
#include "base_yaml.h"

#include <string.h>
#include <yaml.h>

#include "base_file.h"

enum { YAML_MAX_BYTES = 4 << 20, YAML_MAX_LEVELS = 64, YAML_MAX_NODES = 200000 };

/* A container that is still open: its children so far, in a chunked list so that growing never
 * copies more than twice what is there. */
struct yaml_open {
  struct yaml_node *node;
  const struct yaml_node **child; /* map: key, value, key, value ... */
  size_t count, capacity;
};

struct yaml_build {
  yaml_parser_t parser;
  struct arena *arena;
  const char *file;
  struct error *e;
  struct yaml_open open[YAML_MAX_LEVELS];
  size_t levels, nodes;
  const struct yaml_node *root;
};

static int yaml_line(const yaml_mark_t *mark) {
  return mark->line < 100000000 ? (int)mark->line + 1 : 0;
}

static enum status yaml_no_memory(struct yaml_build *b) {
  return error_at(b->e, ST_RANGE, b->file, 0, "this file needs more memory than it may have");
}

/* Every mapping key must be a plain scalar and new: a repeated key would silently win or lose. */
static enum status yaml_check_key(struct yaml_build *b, const struct yaml_open *o,
                                  const struct yaml_node *key) {
  if (key->kind != YAML_SCALAR)
    return error_at(b->e, ST_INPUT, b->file, key->line, "a key must be a word, not a list or a map");
  for (size_t i = 0; i < o->count; i += 2)
    if (strcmp(o->child[i]->text, key->text) == 0)
      return error_at(b->e, ST_INPUT, b->file, key->line, "the key `%.60s` is given twice (first in line %d)",
                      key->text, o->child[i]->line);
  if (o->count > 2000)
    return error_at(b->e, ST_RANGE, b->file, key->line, "a map may have at most 1000 keys");
  return ST_OK;
}

static enum status yaml_attach(struct yaml_build *b, const struct yaml_node *n) {
  if (b->levels == 0) {
    b->root = n;
    return ST_OK;
  }
  struct yaml_open *o = &b->open[b->levels - 1];
  if (o->node->kind == YAML_MAP && o->count % 2 == 0) {
    enum status s = yaml_check_key(b, o, n);
    if (s != ST_OK)
      return s;
  }
  if (o->count == o->capacity) {
    size_t capacity = o->capacity ? o->capacity * 2 : 8;
    const struct yaml_node **grown = arena_array(b->arena, capacity, sizeof *grown);
    if (!grown)
      return yaml_no_memory(b);
    if (o->count)
      memcpy(grown, o->child, o->count * sizeof *grown);
    o->child = grown;
    o->capacity = capacity;
  }
  o->child[o->count++] = n;
  return ST_OK;
}

static enum status yaml_new_node(struct yaml_build *b, enum yaml_kind kind, const yaml_event_t *event,
                                 const yaml_char_t *anchor, struct yaml_node **out) {
  int line = yaml_line(&event->start_mark);
  if (anchor)
    return error_at(b->e, ST_INPUT, b->file, line,
                    "anchors (&%.40s) are not accepted here; write the value out", (const char *)anchor);
  if (++b->nodes > YAML_MAX_NODES)
    return error_at(b->e, ST_RANGE, b->file, line, "more than %d values in one file", (int)YAML_MAX_NODES);
  struct yaml_node *n = arena_alloc(b->arena, sizeof *n);
  if (!n)
    return yaml_no_memory(b);
  n->kind = kind;
  n->line = line;
  *out = n;
  return ST_OK;
}

static enum status yaml_scalar(struct yaml_build *b, const yaml_event_t *event) {
  struct yaml_node *n = NULL;
  enum status s = yaml_new_node(b, YAML_SCALAR, event, event->data.scalar.anchor, &n);
  if (s != ST_OK)
    return s;
  const char *text = (const char *)event->data.scalar.value;
  size_t bytes = event->data.scalar.length;
  if (memchr(text, 0, bytes))
    return error_at(b->e, ST_INPUT, b->file, n->line, "text with a zero byte");
  n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  n->text = arena_strndup(b->arena, text, bytes);
  if (!n->text)
    return yaml_no_memory(b);
  return yaml_attach(b, n);
}

static enum status yaml_begin(struct yaml_build *b, enum yaml_kind kind, const yaml_event_t *event,
                              const yaml_char_t *anchor) {
  struct yaml_node *n = NULL;
  enum status s = yaml_new_node(b, kind, event, anchor, &n);
  if (s != ST_OK)
    return s;
  if (b->levels == YAML_MAX_LEVELS)
    return error_at(b->e, ST_RANGE, b->file, n->line, "nested more than %d levels deep",
                    (int)YAML_MAX_LEVELS);
  s = yaml_attach(b, n);
  if (s != ST_OK)
    return s;
  memset(&b->open[b->levels], 0, sizeof b->open[0]);
  b->open[b->levels++].node = n;
  return ST_OK;
}

static enum status yaml_end(struct yaml_build *b) {
  struct yaml_open *o = &b->open[--b->levels];
  struct yaml_node *n = o->node;
  if (n->kind == YAML_LIST) {
    n->count = o->count;
    n->item = o->child;
    return ST_OK;
  }
  n->count = o->count / 2;
  n->key = arena_array(b->arena, n->count + 1, sizeof *n->key);
  n->item = arena_array(b->arena, n->count + 1, sizeof *n->item);
  if (!n->key || !n->item)
    return yaml_no_memory(b);
  for (size_t i = 0; i < n->count; i++) {
    n->key[i] = o->child[2 * i];
    n->item[i] = o->child[2 * i + 1];
  }
  return ST_OK;
}

static enum status yaml_take(struct yaml_build *b, const yaml_event_t *event, int *documents) {
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    if (++*documents > 1)
      return error_at(b->e, ST_INPUT, b->file, yaml_line(&event->start_mark),
                      "a second document begins here; one file holds one");
    return ST_OK;
  case YAML_ALIAS_EVENT:
    return error_at(b->e, ST_INPUT, b->file, yaml_line(&event->start_mark),
                    "aliases (*%.40s) are not accepted here; write the value out",
                    (const char *)event->data.alias.anchor);
  case YAML_SCALAR_EVENT:
    return yaml_scalar(b, event);
  case YAML_SEQUENCE_START_EVENT:
    return yaml_begin(b, YAML_LIST, event, event->data.sequence_start.anchor);
  case YAML_MAPPING_START_EVENT:
    return yaml_begin(b, YAML_MAP, event, event->data.mapping_start.anchor);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    return yaml_end(b);
  default:
    return ST_OK;
  }
}

static enum status yaml_syntax_error(struct yaml_build *b) {
  const yaml_parser_t *p = &b->parser;
  if (p->error == YAML_MEMORY_ERROR)
    return error_set(b->e, ST_MEMORY, "out of memory reading YAML");
  /* The reader knows only an offset; scanner and parser know a line. */
  int line = p->error == YAML_READER_ERROR ? 0 : yaml_line(&p->problem_mark);
  const char *problem = p->problem ? p->problem : "not YAML";
  if (p->context)
    return error_at(b->e, ST_INPUT, b->file, line, "not valid YAML: %s %s", problem, p->context);
  return error_at(b->e, ST_INPUT, b->file, line, "not valid YAML: %s", problem);
}

static enum status yaml_run(struct yaml_build *b) {
  int documents = 0;
  for (;;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&b->parser, &event))
      return yaml_syntax_error(b);
    yaml_event_type_t type = event.type;
    enum status s = yaml_take(b, &event, &documents);
    yaml_event_delete(&event);
    if (s != ST_OK)
      return s;
    if (type == YAML_STREAM_END_EVENT)
      break;
  }
  if (!b->root)
    return error_at(b->e, ST_INPUT, b->file, 1, "the file is empty");
  return ST_OK;
}

enum status yaml_read_text(const char *text, size_t bytes, const char *file, struct arena *a,
                           struct yaml_doc *out, struct error *e) {
  struct yaml_build *b = NULL;
  memset(out, 0, sizeof *out);
  if (bytes > YAML_MAX_BYTES)
    return error_at(e, ST_RANGE, file, 0, "larger than %d MiB", (int)(YAML_MAX_BYTES >> 20));
  const char *kept = arena_strdup(a, file);
  b = arena_alloc(a, sizeof *b);
  if (!b || !kept)
    return error_set(e, ST_MEMORY, "out of memory reading %s", file);
  b->arena = a;
  b->file = kept;
  b->e = e;
  if (!yaml_parser_initialize(&b->parser))
    return error_set(e, ST_MEMORY, "out of memory reading %s", file);
  yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, bytes);
  enum status s = yaml_run(b);
  yaml_parser_delete(&b->parser);
  if (s != ST_OK)
    return s;
  out->file = kept;
  out->root = b->root;
  return ST_OK;
}

enum status yaml_read_file(const char *path, struct arena *a, struct yaml_doc *out, struct error *e) {
  struct buffer text;
  buffer_init(&text);
  memset(out, 0, sizeof *out);
  enum status s = file_read(path, YAML_MAX_BYTES, &text, e);
  if (s == ST_OK)
    s = yaml_read_text(buffer_str(&text), text.bytes, path, a, out, e);
  buffer_fini(&text);
  return s;
}
