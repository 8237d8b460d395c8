/* Room: tests/agent. The fake servers as a process. */
#include "agent_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs argv with these three descriptors; the pid or -1. */
static int run(char *const *argv, int in, int out) {
  posix_spawn_file_actions_t actions;
  pid_t pid = -1;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
    pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

static int make_certificate(const char *cert, const char *key) {
  char *argv[] = {"openssl",
                  "req",
                  "-x509",
                  "-newkey",
                  "ec",
                  "-pkeyopt",
                  "ec_paramgen_curve:prime256v1",
                  "-nodes",
                  "-days",
                  "2",
                  "-subj",
                  "/CN=localhost",
                  "-addext",
                  "subjectAltName=IP:127.0.0.1",
                  "-keyout",
                  (char *)(uintptr_t)key,
                  "-out",
                  (char *)(uintptr_t)cert,
                  NULL};
  int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), status = -1;
  int saved = dup(2);
  dup2(null_fd, 2); /* it draws dots there */
  int pid = run(argv, null_fd, null_fd);
  dup2(saved, 2);
  close(saved);
  close(null_fd);
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int agent_server_start(struct agent_server *s, int tls, const char *folder) {
  char cert[300] = "", key[300] = "", line[100];
  int in[2], out[2];
  *s = (struct agent_server){0};
  if (tls) {
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    tls = make_certificate(cert, key);
  }
  char *argv[] = {"python3", ST_SOURCE_DIR "/tests/agent/fake_server.py", tls ? cert : NULL, key, NULL};
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || (s->pid = run(argv, in[0], out[1])) < 0) {
    fprintf(stderr, "python3 does not start\n");
    return -1;
  }
  close(in[0]);
  close(out[1]);
  s->hold = in[1];
  FILE *said = fdopen(out[0], "r");
  while (said && fgets(line, sizeof line, said) && strncmp(line, "ready", 5) != 0) {
    (void)sscanf(line, "http %d", &s->port);
    (void)sscanf(line, "https %d", &s->tls_port);
  }
  if (said)
    fclose(said);
  return s->port ? 0 : -1;
}

void agent_server_stop(struct agent_server *s) {
  close(s->hold);
  if (s->pid > 0)
    waitpid(s->pid, NULL, 0);
  s->pid = 0;
}

json_t *agent_server_log(const struct agent_server *s) {
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const char *ask = "GET /log HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char chunk[65536];
  struct buffer all;
  json_t *log = NULL;
  ssize_t got;
  buffer_init(&all);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, ask, strlen(ask)) > 0)
    while ((got = read(fd, chunk, sizeof chunk)) > 0)
      buffer_add(&all, chunk, (size_t)got);
  close(fd);
  const char *body = strstr(buffer_str(&all), "\r\n\r\n");
  if (body)
    log = json_loads(body + 4, 0, NULL);
  buffer_fini(&all);
  return log;
}

const json_t *agent_server_find(const json_t *log, const char *model) {
  for (size_t i = json_array_size(log); i-- > 0;) {
    const json_t *one = json_array_get(log, i);
    if (strcmp(json_str(json_object_get(one, "body"), "model", ""), model) == 0)
      return one;
  }
  return NULL;
}

json_t *agent_server_schema(void) {
  return json_pack("{s:s, s:{s:{s:s}, s:{s:s}}, s:[s,s], s:b}", "type", "object", "properties", "title",
                   "type", "string", "score", "type", "integer", "required", "title", "score",
                   "additionalProperties", 0);
}

struct agent_prompt agent_server_prompt(const json_t *schema) {
  return (struct agent_prompt){.system = "You are a shark.",
                               .context = "The round's context.",
                               .ask = "What do you pitch?",
                               .name = "pitch",
                               .schema = schema};
}

void agent_server_limits(struct agent_limits *l) {
  agent_limits_defaults(l);
  l->connect_ns = l->idle_ns = INT64_C(20000000000);
  l->total_ns = INT64_C(30000000000);
  l->retries = 1;
  l->backoff_ns = 2000000;
}

int agent_server_leaks(const struct agent_prompt *p, const struct agent_exchange *x, const struct error *e,
                       const char *text) {
  json_t *line = agent_exchange_record(p, x);
  char *record = json_dumps(line, 0);
  const char *left[] = {x->detail, buffer_str(&x->request), buffer_str(&x->response), record,
                        e ? e->text : ""};
  int found = 0;
  for (size_t i = 0; i < sizeof left / sizeof *left; i++)
    found |= strstr(left[i], text) != NULL;
  free(record);
  json_decref(line);
  return found;
}
