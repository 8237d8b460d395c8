/* Room: base, private to base_expr.c (parser) and base_expr_eval.c: the tree of an expression. */
#ifndef SHARKTANK_BASE_EXPR_NODE_H
#define SHARKTANK_BASE_EXPR_NODE_H

/* Words are doubles from here up (base_expr_eval.c), numbers stay below: a word that strays into
 * arithmetic is recognised, whatever kind of knob it came from. */
#define EXPR_WORD_LEAST 0x1p600

enum expr_op {
  EXPR_NUM,
  EXPR_NAME,
  EXPR_IF,
  EXPR_OR,
  EXPR_AND,
  EXPR_EQ,
  EXPR_NE,
  EXPR_LT,
  EXPR_LE,
  EXPR_GT,
  EXPR_GE,
  EXPR_ADD,
  EXPR_SUB,
  EXPR_MUL,
  EXPR_DIV,
  EXPR_REM,
  EXPR_NEG,
  EXPR_NOT,
  EXPR_MIN,
  EXPR_MAX,
  EXPR_CEIL,
  EXPR_FLOOR,
  EXPR_LOG2
};

struct expr_node {
  enum expr_op op;
  double number;
  const char *name;
  const struct expr_node *arg[3];
};

struct expr {
  const struct expr_node *root;
  const char *text, *file;
  int line;
};

#endif
