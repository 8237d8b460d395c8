/* Room: base. May use the C library; nothing of the engine.
 *
 * Expressions, second half: values, kinds and names. Recursion is bounded by the parser: at most 64
 * nested levels and at most as many operators in a row as 4096 bytes hold. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base_expr.h"
#include "base_expr_node.h"

struct expr_run {
  const struct expr *x;
  expr_lookup lookup;
  void *context;
  struct error *e;
};

static enum status expr_bad(const struct expr *x, struct error *e, const char *what) {
  return error_at(e, ST_INPUT, x->file, x->line, "in `%.120s`: %s", x->text, what);
}

static int expr_is_word(double v) {
  return fabs(v) >= EXPR_WORD_LEAST;
}

static enum status expr_value(struct expr_run *r, const struct expr_node *n, double *out);

/* An operand that must be a number. */
static enum status expr_operand(struct expr_run *r, const struct expr_node *n, double *out) {
  enum status s = expr_value(r, n, out);
  if (s == ST_OK && expr_is_word(*out))
    return expr_bad(r->x, r->e, "a word can only be compared with == or !=");
  return s;
}

static enum status expr_divide(struct expr_run *r, enum expr_op op, double a, double b, double *out) {
  if (op == EXPR_REM)
    a = trunc(a), b = trunc(b);
  if (b == 0.0)
    return expr_bad(r->x, r->e, op == EXPR_REM ? "remainder by zero" : "division by zero");
  *out = op == EXPR_REM ? fmod(a, b) : a / b;
  return ST_OK;
}

static enum status expr_arithmetic(struct expr_run *r, const struct expr_node *n, double *out) {
  double a = 0.0, b = 0.0;
  enum status s = expr_operand(r, n->arg[0], &a);
  if (s == ST_OK && n->arg[1])
    s = expr_operand(r, n->arg[1], &b);
  if (s != ST_OK)
    return s;
  switch (n->op) {
  case EXPR_LT:
    *out = a < b;
    break;
  case EXPR_LE:
    *out = a <= b;
    break;
  case EXPR_GT:
    *out = a > b;
    break;
  case EXPR_GE:
    *out = a >= b;
    break;
  case EXPR_ADD:
    *out = a + b;
    break;
  case EXPR_SUB:
    *out = a - b;
    break;
  case EXPR_MUL:
    *out = a * b;
    break;
  case EXPR_DIV:
  case EXPR_REM:
    s = expr_divide(r, n->op, a, b, out);
    break;
  case EXPR_NEG:
    *out = -a;
    break;
  case EXPR_NOT:
    *out = a == 0.0;
    break;
  case EXPR_MIN:
    *out = a < b ? a : b;
    break;
  case EXPR_MAX:
    *out = a > b ? a : b;
    break;
  case EXPR_CEIL:
    *out = ceil(a);
    break;
  case EXPR_FLOOR:
    *out = floor(a);
    break;
  case EXPR_LOG2:
    if (!(a > 0.0))
      return expr_bad(r->x, r->e, "log2 of a value that is not positive");
    *out = log2(a);
    break;
  default:
    return error_set(r->e, ST_INTERNAL, "an unknown operator in an expression");
  }
  if (s == ST_OK && !(fabs(*out) < EXPR_WORD_LEAST))
    return expr_bad(r->x, r->e, "the result is too large");
  return s;
}

static enum status expr_value(struct expr_run *r, const struct expr_node *n, double *out) {
  double a = 0.0, b = 0.0;
  enum status s = ST_OK;
  switch (n->op) {
  case EXPR_NUM:
    *out = n->number;
    return ST_OK;
  case EXPR_NAME:
    if (!r->lookup || !r->lookup(r->context, n->name, out))
      return error_at(r->e, ST_INPUT, r->x->file, r->x->line, "in `%.120s`: unknown name `%.63s`", r->x->text,
                      n->name);
    if (isnan(*out))
      return error_at(r->e, ST_INPUT, r->x->file, r->x->line, "in `%.120s`: `%.63s` has no value", r->x->text,
                      n->name);
    return ST_OK;
  case EXPR_IF:
    s = expr_operand(r, n->arg[0], &a);
    return s != ST_OK ? s : expr_value(r, a != 0.0 ? n->arg[1] : n->arg[2], out);
  case EXPR_OR:
  case EXPR_AND:
    s = expr_operand(r, n->arg[0], &a);
    if (s != ST_OK)
      return s;
    *out = a != 0.0;
    if ((a != 0.0) == (n->op == EXPR_OR))
      return ST_OK;
    s = expr_operand(r, n->arg[1], &b);
    *out = b != 0.0;
    return s;
  case EXPR_EQ:
  case EXPR_NE:
    s = expr_value(r, n->arg[0], &a);
    if (s == ST_OK)
      s = expr_value(r, n->arg[1], &b);
    *out = (a == b) == (n->op == EXPR_EQ);
    return s;
  default:
    return expr_arithmetic(r, n, out);
  }
}

enum status expr_eval(const struct expr *x, expr_lookup lookup, void *context, double *out, struct error *e) {
  struct expr_run r = {x, lookup, context, e};
  double v = 0.0;
  enum status s = expr_value(&r, x->root, &v);
  if (s == ST_OK)
    *out = v;
  return s;
}

struct expr_checker {
  const struct expr *x;
  enum expr_kind (*kind_of)(void *context, const char *name);
  void *context;
  struct error *e;
};

static enum status expr_check_node(struct expr_checker *c, const struct expr_node *n, enum expr_kind *out) {
  enum expr_kind kind[3] = {EXPR_NUMBER, EXPR_NUMBER, EXPR_NUMBER};
  *out = EXPR_NUMBER;
  if (n->op == EXPR_NAME) {
    *out = c->kind_of(c->context, n->name);
    if (*out != EXPR_UNKNOWN)
      return ST_OK;
    return error_at(c->e, ST_INPUT, c->x->file, c->x->line, "in `%.120s`: unknown name `%.63s`", c->x->text,
                    n->name);
  }
  for (int i = 0; i < 3 && n->arg[i]; i++) {
    enum status s = expr_check_node(c, n->arg[i], &kind[i]);
    if (s != ST_OK)
      return s;
  }
  int mixed =
      (kind[0] == EXPR_WORD && kind[1] == EXPR_NUMBER) || (kind[0] == EXPR_NUMBER && kind[1] == EXPR_WORD);
  if (n->op == EXPR_EQ || n->op == EXPR_NE)
    return mixed ? expr_bad(c->x, c->e, "a word is compared with a number") : ST_OK;
  if (n->op == EXPR_IF) {
    *out = kind[1] == kind[2] ? kind[1] : EXPR_EITHER;
    kind[1] = kind[2] = EXPR_NUMBER;
  }
  for (int i = 0; i < 3; i++)
    if (kind[i] == EXPR_WORD)
      return expr_bad(c->x, c->e, "a word can only be compared with == or !=");
  return ST_OK;
}

enum status expr_check(const struct expr *x, enum expr_kind (*kind_of)(void *context, const char *name),
                       void *context, struct error *e) {
  struct expr_checker c = {x, kind_of, context, e};
  enum expr_kind kind = EXPR_NUMBER;
  enum status s = expr_check_node(&c, x->root, &kind);
  if (s == ST_OK && kind == EXPR_WORD)
    return expr_bad(x, e, "the result is a word, not a number");
  return s;
}

static void expr_visit(const struct expr_node *n, void (*visit)(void *context, const char *name),
                       void *context) {
  if (n->op == EXPR_NAME)
    visit(context, n->name);
  for (int i = 0; i < 3 && n->arg[i]; i++)
    expr_visit(n->arg[i], visit, context);
}

void expr_identifiers(const struct expr *x, void (*visit)(void *context, const char *name), void *context) {
  expr_visit(x->root, visit, context);
}

/* FNV-1a over the word, its 52 high bits as the mantissa of a number in [2^700, 2^701). */
double expr_word(const char *word) {
  uint64_t h = 0xcbf29ce484222325u;
  for (const unsigned char *c = (const unsigned char *)word; *c; c++)
    h = (h ^ *c) * 0x100000001b3u;
  return ldexp(1.0 + ldexp((double)(h >> 12), -52), 700);
}
