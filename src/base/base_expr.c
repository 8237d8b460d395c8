/* Room: base. May use the C library; nothing of the engine.
 *
 * Expressions, first half: text to a tree. base_expr_eval.c walks the tree. The parser is recursive
 * descent over a table of binary operators; every recursion is counted, so that no text can exhaust
 * the stack. */
#include "base_expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base_expr_node.h"

enum { EXPR_MAX_BYTES = 4096, EXPR_MAX_LEVELS = 64, EXPR_MAX_NAME = 63 };

struct expr_parser {
  const char *at, *start;
  const char *file;
  int line;
  struct arena *arena;
  struct error *e;
  int levels;
};

struct expr_binary {
  const char *sign;
  enum expr_op op;
  int level; /* 0 binds loosest */
};

/* Longer signs before their prefixes. */
static const struct expr_binary expr_binaries[] = {
    {"||", EXPR_OR, 0}, {"&&", EXPR_AND, 1}, {"==", EXPR_EQ, 2}, {"!=", EXPR_NE, 2}, {"<=", EXPR_LE, 3},
    {">=", EXPR_GE, 3}, {"<", EXPR_LT, 3},   {">", EXPR_GT, 3},  {"+", EXPR_ADD, 4}, {"-", EXPR_SUB, 4},
    {"*", EXPR_MUL, 5}, {"/", EXPR_DIV, 5},  {"%", EXPR_REM, 5}, {NULL, EXPR_NUM, 0}};
enum { EXPR_UNARY_LEVEL = 6 };

static const struct {
  const char *name;
  enum expr_op op;
  int arguments;
} expr_functions[] = {{"min", EXPR_MIN, 2},     {"max", EXPR_MAX, 2},   {"ceil", EXPR_CEIL, 1},
                      {"floor", EXPR_FLOOR, 1}, {"log2", EXPR_LOG2, 1}, {NULL, EXPR_NUM, 0}};

static enum status expr_ternary(struct expr_parser *p, const struct expr_node **out);

static enum status expr_fail(struct expr_parser *p, const char *what) {
  return error_at(p->e, ST_INPUT, p->file, p->line, "in `%.120s` at column %d: %s", p->start,
                  (int)(p->at - p->start) + 1, what);
}

static void expr_space(struct expr_parser *p) {
  while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
    p->at++;
}

static int expr_sign(struct expr_parser *p, const char *sign) {
  expr_space(p);
  size_t n = strlen(sign);
  if (strncmp(p->at, sign, n) != 0)
    return 0;
  p->at += n;
  return 1;
}

static enum status expr_node_new(struct expr_parser *p, enum expr_op op, const struct expr_node *a,
                                 const struct expr_node *b, const struct expr_node *c,
                                 struct expr_node **out) {
  struct expr_node *n = arena_alloc(p->arena, sizeof *n);
  if (!n)
    return error_set(p->e, ST_MEMORY, "out of memory reading an expression");
  n->op = op;
  n->arg[0] = a, n->arg[1] = b, n->arg[2] = c;
  *out = n;
  return ST_OK;
}

static enum status expr_deeper(struct expr_parser *p) {
  if (++p->levels > EXPR_MAX_LEVELS)
    return expr_fail(p, "nested too deeply");
  return ST_OK;
}

static enum status expr_number(struct expr_parser *p, const struct expr_node **out) {
  /* strtod would also take hexadecimal, "inf" and "nan": only decimal digits get here. */
  const char *end = p->at;
  while (isdigit((unsigned char)*end))
    end++;
  if (*end == '.')
    end++;
  while (isdigit((unsigned char)*end))
    end++;
  if (*end == 'e' || *end == 'E') {
    const char *exponent = end + 1 + (end[1] == '+' || end[1] == '-');
    if (isdigit((unsigned char)*exponent)) {
      end = exponent;
      while (isdigit((unsigned char)*end))
        end++;
    }
  }
  if (end - p->at > 60)
    return expr_fail(p, "a number with too many digits");
  if (isalpha((unsigned char)*end) || *end == '_' || *end == '.')
    return expr_fail(p, "this is not a number");
  char digits[64] = {0};
  memcpy(digits, p->at, (size_t)(end - p->at));
  struct expr_node *n = NULL;
  enum status s = expr_node_new(p, EXPR_NUM, NULL, NULL, NULL, &n);
  if (s != ST_OK)
    return s;
  n->number = strtod(digits, NULL);
  if (!(n->number < EXPR_WORD_LEAST))
    return expr_fail(p, "this number is too large");
  p->at = end;
  *out = n;
  return ST_OK;
}

static enum status expr_call(struct expr_parser *p, const char *name, size_t name_bytes,
                             const struct expr_node **out) {
  size_t f = 0;
  while (expr_functions[f].name && (strlen(expr_functions[f].name) != name_bytes ||
                                    memcmp(expr_functions[f].name, name, name_bytes) != 0))
    f++;
  if (!expr_functions[f].name)
    return expr_fail(p, "there is no such function; there are min max ceil floor log2");
  const struct expr_node *arg[3] = {NULL, NULL, NULL};
  for (int i = 0; i < expr_functions[f].arguments; i++) {
    if (i > 0 && !expr_sign(p, ","))
      return expr_fail(p, "expected `,` and a second value");
    enum status s = expr_ternary(p, &arg[i]);
    if (s != ST_OK)
      return s;
  }
  if (!expr_sign(p, ")"))
    return expr_fail(p, "expected `)` after the values of a function");
  struct expr_node *n = NULL;
  enum status s = expr_node_new(p, expr_functions[f].op, arg[0], arg[1], NULL, &n);
  *out = n;
  return s;
}

static enum status expr_identifier(struct expr_parser *p, const struct expr_node **out) {
  const char *name = p->at;
  while (isalnum((unsigned char)*p->at) || *p->at == '_')
    p->at++;
  size_t bytes = (size_t)(p->at - name);
  if (bytes > EXPR_MAX_NAME)
    return expr_fail(p, "a name longer than 63 letters");
  if (expr_sign(p, "("))
    return expr_call(p, name, bytes, out);
  struct expr_node *n = NULL;
  enum status s = expr_node_new(p, EXPR_NAME, NULL, NULL, NULL, &n);
  if (s != ST_OK)
    return s;
  n->name = arena_strndup(p->arena, name, bytes);
  if (!n->name)
    return error_set(p->e, ST_MEMORY, "out of memory reading an expression");
  *out = n;
  return ST_OK;
}

static enum status expr_unary(struct expr_parser *p, const struct expr_node **out) {
  expr_space(p);
  enum status s = expr_deeper(p);
  if (s != ST_OK)
    return s;
  unsigned char c = (unsigned char)*p->at;
  if (c == '-' || c == '!') {
    const struct expr_node *inner = NULL;
    struct expr_node *n = NULL;
    p->at++;
    s = expr_unary(p, &inner);
    if (s == ST_OK)
      s = expr_node_new(p, c == '-' ? EXPR_NEG : EXPR_NOT, inner, NULL, NULL, &n);
    *out = n;
  } else if (c == '(') {
    p->at++;
    s = expr_ternary(p, out);
    if (s == ST_OK && !expr_sign(p, ")"))
      s = expr_fail(p, "expected `)`");
  } else if (isdigit(c) || (c == '.' && isdigit((unsigned char)p->at[1]))) {
    s = expr_number(p, out);
  } else if (isalpha(c) || c == '_') {
    s = expr_identifier(p, out);
  } else {
    s = expr_fail(p, c ? "expected a number, a name or `(`" : "the expression ends too early");
  }
  p->levels--;
  return s;
}

/* Left-associative operators of `level` and tighter. */
static enum status expr_binary_level(struct expr_parser *p, int level, const struct expr_node **out) {
  if (level == EXPR_UNARY_LEVEL)
    return expr_unary(p, out);
  enum status s = expr_binary_level(p, level + 1, out);
  while (s == ST_OK) {
    const struct expr_binary *b = expr_binaries;
    while (b->sign && !expr_sign(p, b->sign))
      b++;
    if (!b->sign)
      break;
    if (b->level != level) { /* belongs to a looser level: give it back */
      p->at -= strlen(b->sign);
      break;
    }
    const struct expr_node *right = NULL;
    struct expr_node *n = NULL;
    s = expr_binary_level(p, level + 1, &right);
    if (s == ST_OK)
      s = expr_node_new(p, b->op, *out, right, NULL, &n);
    if (s == ST_OK)
      *out = n;
  }
  return s;
}

static enum status expr_ternary(struct expr_parser *p, const struct expr_node **out) {
  enum status s = expr_deeper(p);
  if (s == ST_OK)
    s = expr_binary_level(p, 0, out);
  if (s == ST_OK && expr_sign(p, "?")) {
    const struct expr_node *yes = NULL, *no = NULL;
    struct expr_node *n = NULL;
    s = expr_ternary(p, &yes);
    if (s == ST_OK && !expr_sign(p, ":"))
      s = expr_fail(p, "expected `:` after `?`");
    if (s == ST_OK)
      s = expr_ternary(p, &no);
    if (s == ST_OK)
      s = expr_node_new(p, EXPR_IF, *out, yes, no, &n);
    if (s == ST_OK)
      *out = n;
  }
  p->levels--;
  return s;
}

enum status expr_parse(const char *text, const char *file, int line, struct arena *a, const struct expr **out,
                       struct error *e) {
  *out = NULL;
  if (strlen(text) > EXPR_MAX_BYTES)
    return error_at(e, ST_INPUT, file, line, "an expression of more than %d bytes", (int)EXPR_MAX_BYTES);
  struct expr *x = arena_alloc(a, sizeof *x);
  char *kept = arena_strdup(a, text), *kept_file = arena_strdup(a, file ? file : "");
  if (!x || !kept || !kept_file)
    return error_set(e, ST_MEMORY, "out of memory reading an expression");
  struct expr_parser p = {kept, kept, kept_file, line, a, e, 0};
  enum status s = expr_ternary(&p, &x->root);
  if (s != ST_OK)
    return s;
  expr_space(&p);
  if (*p.at)
    return expr_fail(&p, "unexpected text after the expression");
  x->text = kept;
  x->file = kept_file;
  x->line = line;
  *out = x;
  return ST_OK;
}
