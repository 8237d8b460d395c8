/* Arithmetic expressions of challenge files: knob constraints, estimates, limits, legal shapes.
 *
 * Grammar, loosest first: ?:  ||  &&  == !=  < <= > >=  + -  * / %  unary - !  ( )  calls. Values
 * are doubles; truth is != 0; % is the C remainder of the truncated values; && || ?: evaluate only
 * what they need. Functions: min(a,b) max(a,b) ceil(x) floor(x) log2(x). Identifiers are
 * [A-Za-z_][A-Za-z0-9_]*, looked up when evaluated. A word (a knob's value such as avx2) is an
 * identifier whose value is expr_word("avx2"): good for == and != only.
 *
 * Division or remainder by zero and unknown identifiers are errors, never silent numbers.
 * Thread safety: a parsed expression is immutable and may be evaluated from any thread.
 */
#ifndef SHARKTANK_BASE_EXPR_H
#define SHARKTANK_BASE_EXPR_H

#include "base_arena.h"
#include "base_status.h"

struct expr;

/* Parses text (at most 4096 bytes, 64 levels) into the arena. `file` and `line` are for errors. */
enum status expr_parse(const char *text, const char *file, int line, struct arena *a, const struct expr **out,
                       struct error *e) MUST_USE;

/* Gives an identifier's value: returns 1 and sets *value, or 0 when it is not known. */
typedef int (*expr_lookup)(void *context, const char *name, double *value);
/* ST_INPUT for what has no value: unknown names, division by zero, the logarithm of nothing, results
 * that are not finite, arithmetic or order on words. */
enum status expr_eval(const struct expr *x, expr_lookup lookup, void *context, double *out,
                      struct error *e) MUST_USE;
/* What a name stands for: a number, a word, either (a knob with both kinds of values), or nothing. */
enum expr_kind { EXPR_UNKNOWN, EXPR_NUMBER, EXPR_WORD, EXPR_EITHER };
/* ST_INPUT, naming file and line, when a name is unknown or a word is used for anything but == and !=
 * with a word. */
enum status expr_check(const struct expr *x, enum expr_kind (*kind_of)(void *context, const char *name),
                       void *context, struct error *e) MUST_USE;
/* Calls visit for every identifier in the expression (repeats included). */
void expr_identifiers(const struct expr *x, void (*visit)(void *context, const char *name), void *context);
/* The value that stands for a word: a hash far outside the range of real numbers used here. */
double expr_word(const char *word);

#endif
