/* Room: challenge, the program `sharktank-problem`. May use the C library, the public headers and
 * challenge_wire.h; it is not linked with anything of the engine.
 *
 * Runs inside the sandbox: loads one problem module and answers the engine's requests until the
 * socket closes. The module may do anything in here; nothing in here is trusted outside. What is
 * checked below is checked to give honest mistakes a sentence, not to hold a module back. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "challenge/challenge_wire.h"

struct module {
  const uint32_t *abi;
  const char *const *families;
  __typeof__(&sk_problem_layout) layout;
  __typeof__(&sk_problem_generate) generate;
  __typeof__(&sk_problem_numerics) numerics;
  __typeof__(&sk_problem_expect) expect;
  __typeof__(&sk_problem_roofline) roofline;
};

struct server {
  struct module module;
  struct wire_control *control;
  uint8_t *pool, *reference;
  uint64_t pool_bytes, reference_bytes; /* as mapped */
  sk_problem *problem;
  sk_tensor *in, *out;
  sk_reference *expected;
};

/* dlsym gives void *, and ISO C has no conversion from that to a function: copy the bits. */
static int module_symbol(void *handle, const char *name, void *slot, char *why) {
  void *p = dlsym(handle, name);
  if (!p)
    snprintf(why, WIRE_TEXT_BYTES, "it does not define %s", name);
  memcpy(slot, &p, sizeof p);
  return p != NULL;
}

static int module_load(struct module *m, char *why) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", (int)WIRE_FD_MODULE);
  void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!h) {
    const char *text = dlerror();
    snprintf(why, WIRE_TEXT_BYTES, "it cannot be loaded: %s", text ? text : "no reason given");
    return 0;
  }
  if (!module_symbol(h, "sk_problem_abi", &m->abi, why) ||
      !module_symbol(h, "sk_problem_families", &m->families, why) ||
      !module_symbol(h, "sk_problem_layout", &m->layout, why) ||
      !module_symbol(h, "sk_problem_generate", &m->generate, why) ||
      !module_symbol(h, "sk_problem_numerics", &m->numerics, why) ||
      !module_symbol(h, "sk_problem_expect", &m->expect, why) ||
      !module_symbol(h, "sk_problem_roofline", &m->roofline, why))
    return 0;
  if (*m->abi == SK_PROBLEM_ABI)
    return 1;
  snprintf(why, WIRE_TEXT_BYTES, "its sk_problem_abi is %u, this program speaks %u", *m->abi, SK_PROBLEM_ABI);
  return 0;
}

static int server_families(struct server *s, char *why) {
  struct wire_control *c = s->control;
  c->n_families = 0;
  while (c->n_families < WIRE_MAX_FAMILIES && s->module.families[c->n_families]) {
    snprintf(c->family[c->n_families], WIRE_NAME_BYTES, "%s", s->module.families[c->n_families]);
    c->n_families++;
  }
  if (c->n_families > 0)
    return 1;
  snprintf(why, WIRE_TEXT_BYTES, "sk_problem_families is empty");
  return 0;
}

static int request_sane(const struct wire_request *q) {
  return q->magic == WIRE_MAGIC && q->n_problems >= 1 && q->n_problems <= WIRE_MAX_PROBLEMS &&
         q->n_sizes >= 1 && q->n_sizes <= WIRE_MAX_SIZES && q->n_in <= WIRE_MAX_TENSORS &&
         q->n_out <= WIRE_MAX_TENSORS && q->count <= WIRE_MAX_CALLS;
}

static void *server_map(int fd, void *old, uint64_t old_bytes, uint64_t bytes) {
  if (old)
    munmap(old, old_bytes);
  void *p = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : NULL;
  return p == MAP_FAILED ? NULL : p;
}

/* The engine grows the memfds now and then; map what is there. */
static int server_remap(struct server *s, const struct wire_request *q) {
  if (q->pool_bytes != s->pool_bytes) {
    s->pool = server_map(WIRE_FD_POOL, s->pool, s->pool_bytes, q->pool_bytes);
    s->pool_bytes = s->pool ? q->pool_bytes : 0;
  }
  if (q->reference_bytes != s->reference_bytes) {
    s->reference = server_map(WIRE_FD_REFERENCE, s->reference, s->reference_bytes, q->reference_bytes);
    s->reference_bytes = s->reference ? q->reference_bytes : 0;
  }
  return s->pool_bytes == q->pool_bytes && s->reference_bytes == q->reference_bytes;
}

static int serve_layout(struct server *s, const struct wire_request *q, const sk_case *c, char *why) {
  memset(s->control->in, 0, sizeof s->control->in);
  memset(s->control->out, 0, sizeof s->control->out);
  for (uint32_t p = 0; p < q->n_problems; p++) {
    int r = s->module.layout(c, p, s->control->in + p * q->n_in, s->control->out + p * q->n_out);
    if (r == 0)
      continue;
    snprintf(why, WIRE_TEXT_BYTES, "sk_problem_layout refused group %u of the shape (%d)", p, r);
    return 1;
  }
  return 0;
}

/* Points the tensors of all problems at call number i. */
static void server_aim(struct server *s, const struct wire_request *q, uint32_t i) {
  uint8_t *image = s->pool + (uint64_t)i * q->in_bytes;
  uint8_t *base = s->reference + (uint64_t)i * q->call_reference_bytes;
  for (uint32_t p = 0; p < q->n_problems; p++) {
    s->problem[p].size = s->control->sizes + (size_t)p * q->n_sizes;
    s->problem[p].in = s->in + (size_t)p * q->n_in;
    s->problem[p].out = s->out + (size_t)p * q->n_out;
  }
  for (uint32_t t = 0; t < q->n_problems * q->n_in; t++) {
    s->in[t] = s->control->in[t];
    s->in[t].data = image + s->control->in_offset[t];
  }
  for (uint32_t t = 0; t < q->n_problems * q->n_out; t++) {
    s->out[t] = s->control->out[t];
    s->out[t].data = NULL;
    s->expected[t].value = base + s->control->value_offset[t];
    s->expected[t].tolerance = NULL;
    if (!s->control->call_exact[i]) {
      void *tolerance = base + s->control->tolerance_offset[t];
      s->expected[t].tolerance = tolerance;
    }
  }
}

static int serve_prepare(struct server *s, const struct wire_request *q, const sk_case *c, char *why) {
  if (!server_remap(s, q)) {
    snprintf(why, WIRE_TEXT_BYTES, "there is no memory for %u calls", q->count);
    return 1;
  }
  for (uint32_t i = 0; i < q->count; i++) {
    uint32_t family = s->control->call_family[i];
    server_aim(s, q, i);
    int r = s->module.generate(c, s->control->seed[i], family, s->problem);
    if (r != 0) {
      snprintf(why, WIRE_TEXT_BYTES, "sk_problem_generate refused the shape (%d)", r);
      return 1;
    }
    /* All bits set is NaN in every floating-point type: what expect forgets never compares equal by luck. */
    memset(s->reference + (uint64_t)i * q->call_reference_bytes, 0xff, q->call_reference_bytes);
    r = s->module.expect(c, family, s->problem, q->threads ? q->threads : 1, s->expected);
    if (r != 0) {
      snprintf(why, WIRE_TEXT_BYTES, "sk_problem_expect refused the shape (%d)", r);
      return 1;
    }
  }
  return 0;
}

static void serve(struct server *s, const struct wire_request *q, struct wire_answer *a) {
  sk_case c = {q->n_problems, q->n_sizes, s->control->sizes};
  sk_work work = {0};
  switch (q->op) {
  case WIRE_LAYOUT:
    a->result = serve_layout(s, q, &c, a->text);
    break;
  case WIRE_PREPARE:
    a->result = serve_prepare(s, q, &c, a->text);
    break;
  case WIRE_NUMERICS:
    a->value = (uint32_t)s->module.numerics(&c, q->family);
    break;
  case WIRE_ROOFLINE:
    a->result = s->module.roofline(&c, &work);
    a->bytes = work.bytes;
    a->operations = work.operations;
    if (a->result)
      snprintf(a->text, sizeof a->text, "sk_problem_roofline refused the shape (%d)", a->result);
    break;
  default:
    a->result = 1;
    snprintf(a->text, sizeof a->text, "an unknown request");
  }
}

static int server_init(struct server *s) {
  s->control = server_map(WIRE_FD_CONTROL, NULL, 0, sizeof *s->control);
  s->problem = calloc(WIRE_MAX_PROBLEMS, sizeof *s->problem);
  s->in = calloc((size_t)WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS, sizeof *s->in);
  s->out = calloc((size_t)WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS, sizeof *s->out);
  s->expected = calloc((size_t)WIRE_MAX_PROBLEMS * WIRE_MAX_TENSORS, sizeof *s->expected);
  return s->control && s->problem && s->in && s->out && s->expected;
}

static int server_send(const struct wire_answer *a) {
  return send(WIRE_FD_SOCKET, a, sizeof *a, MSG_NOSIGNAL) == (ssize_t)sizeof *a;
}

int main(void) {
  struct server s = {0};
  struct wire_answer a = {.magic = WIRE_MAGIC, .op = WIRE_HELLO};
  if (!server_init(&s))
    return 1;
  a.result = !module_load(&s.module, a.text) || !server_families(&s, a.text);
  if (!server_send(&a) || a.result)
    return 1;
  for (;;) {
    struct wire_request q;
    ssize_t n = recv(WIRE_FD_SOCKET, &q, sizeof q, 0);
    if (n == 0)
      return 0;
    if (n != (ssize_t)sizeof q || !request_sane(&q))
      return 1;
    memset(&a, 0, sizeof a);
    a.magic = WIRE_MAGIC;
    a.op = q.op;
    serve(&s, &q, &a);
    if (!server_send(&a))
      return 1;
  }
}
