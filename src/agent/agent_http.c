/* Room: agent. The one file that talks to libcurl: a POST through its multi interface, so that waiting can be
 * broken off, and the rules for trying again. */
#include "agent/agent_http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/base_clock.h"
#include "base/base_rng.h"

enum { ERROR_BODY_MAX = 64 << 10, SLICE_MS = 100 };
#define MS          INT64_C(1000000)
#define BACKOFF_MAX (30000 * MS)

struct attempt {
  const struct agent_http *h;
  struct agent_http_result *r;
  CURL *easy;
  int64_t progress_ns; /* when something last went out or came in; 0: not connected yet */
  curl_off_t uploaded;
  size_t received;
  int said, too_long, no_memory;
  char error[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_state;

static void global_start(void) {
  global_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Proxies may have a password in their address, which then is a secret like any other. */
static void remember_proxies(void) {
  static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]), *from = value ? strstr(value, "://") : NULL;
    from = from ? from + 3 : value;
    const char *at = from ? strrchr(from, '@') : NULL, *colon = at ? strchr(from, ':') : NULL;
    if (colon && colon < at) {
      char *password = strndup(colon + 1, (size_t)(at - colon - 1));
      agent_secret_remember(password);
      free(password);
    }
  }
}

void agent_http_result_fini(struct agent_http_result *r) {
  buffer_fini(&r->body);
}

static size_t on_body(char *bytes, size_t one, size_t n, void *context) {
  struct attempt *a = context;
  n *= one;
  a->progress_ns = clock_mono_ns();
  long status = 0;
  const char *type = NULL;
  curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(a->easy, CURLINFO_CONTENT_TYPE, &type);
  if (status < 200 || status > 299) {
    size_t room = ERROR_BODY_MAX - a->r->body.bytes;
    buffer_add(&a->r->body, bytes, n < room ? n : room);
    return n;
  }
  if (n > a->h->max_bytes - a->received) {
    a->too_long = 1;
    return 0;
  }
  a->received += n;
  a->said = a->h->data(a->h->sink, type ? type : "", bytes, n);
  return a->said == AGENT_HTTP_MORE ? n : 0;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *context) {
  struct attempt *a = context;
  (void)bytes;
  a->progress_ns = clock_mono_ns();
  return one * n;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up) {
  struct attempt *a = context;
  (void)down_total;
  (void)down;
  (void)up_total;
  if (up != a->uploaded) {
    a->uploaded = up;
    a->progress_ns = clock_mono_ns();
  }
  return 0;
}

static long to_ms(int64_t ns) {
  int64_t ms = ns / MS;
  return ms < 1 ? 1 : ms > 86400000 ? 86400000 : (long)ms;
}

static CURLcode configure(struct attempt *a, struct curl_slist *headers) {
  CURL *c = a->easy;
  const struct agent_http *h = a->h;
  int64_t left_ns = h->deadline_ns - clock_mono_ns();
  const char *ca = getenv("CURL_CA_BUNDLE");
  if (!ca || !*ca)
    ca = getenv("SSL_CERT_FILE");
  CURLcode bad = curl_easy_setopt(c, CURLOPT_URL, h->url);
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(c, option, value)
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L); /* a name server that does not answer must not hold up a cancelled call */
#endif
  /* What goes to this machine, perhaps with a key and unencrypted, is no proxy's business. */
  struct agent_http_place place;
  if (!bad && agent_http_place(h->url, &place, NULL) == ST_OK && place.loopback)
    SET(CURLOPT_NOPROXY, "*");
  /* Each call has a connection of its own, so HTTP/2 would bring nothing but more ways to fail. */
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  SET(CURLOPT_HTTPHEADER, headers);
  SET(CURLOPT_POST, 1L);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)h->body_bytes);
  SET(CURLOPT_POSTFIELDS, h->body);
  SET(CURLOPT_USERAGENT, "sharktank/" ST_VERSION);
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, to_ms(h->connect_ns < left_ns ? h->connect_ns : left_ns));
  SET(CURLOPT_ERRORBUFFER, a->error);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, a);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, a);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, on_progress);
  SET(CURLOPT_XFERINFODATA, a);
  if (ca && *ca)
    SET(CURLOPT_CAINFO, ca);
#undef SET
  return bad;
}

static void fault(struct agent_http_result *r, enum agent_fault f, const char *format, ...) PRINTF_LIKE(3, 4);
static void fault(struct agent_http_result *r, enum agent_fault f, const char *format, ...) {
  va_list args;
  va_start(args, format);
  r->fault = f;
  vsnprintf(r->detail, sizeof r->detail, format, args);
  va_end(args);
}

static int was_connected(CURL *easy) {
  curl_off_t ready = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
  return ready > 0;
}

/* The name of what libcurl ended with. *again: the request cannot have arrived. */
static void name_failure(struct attempt *a, CURLcode code, int *again) {
  struct agent_http_result *r = a->r;
  const char *text = a->error[0] ? a->error : curl_easy_strerror(code);
  long tunnel = 0;
  curl_easy_getinfo(a->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
  if (code == CURLE_OUT_OF_MEMORY)
    a->no_memory = 1;
  else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    fault(r, AGENT_FAULT_UNREACHABLE, "the server's certificate is not trusted: %s", text);
  else if (tunnel && (tunnel < 200 || tunnel > 299))
    fault(r, AGENT_FAULT_UNREACHABLE, "the proxy refused (HTTP %ld)", tunnel);
  else if (code == CURLE_URL_MALFORMAT)
    fault(r, AGENT_FAULT_UNREACHABLE, "%s", text);
  else if (!was_connected(a->easy)) {
    fault(r, AGENT_FAULT_UNREACHABLE, "%s", text);
    *again = 1;
  } else if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
             code == CURLE_BAD_CONTENT_ENCODING)
    fault(r, AGENT_FAULT_MALFORMED, "what answers is not an HTTP server: %s", text);
  else
    fault(r, AGENT_FAULT_DROPPED, "%s", text);
}

/* A 429 that waiting does not cure: the account is empty, or its limit for the month is reached. */
static int is_spent(const struct agent_http_result *r) {
  const char *body = buffer_str(&r->body);
  return strstr(body, "insufficient_quota") || strstr(body, "spend_limit") || strstr(body, "billing");
}

static void name_status(struct attempt *a, int *again) {
  struct agent_http_result *r = a->r;
  long s = r->status;
  if (s >= 200 && s <= 299)
    return;
  if (s == 401 || s == 403)
    fault(r, AGENT_FAULT_UNAUTHORISED, "HTTP %ld", s);
  else if (s == 429) {
    fault(r, AGENT_FAULT_LIMITED, "HTTP 429");
    *again = !is_spent(r);
  } else if (s >= 500 && s <= 599) {
    fault(r, AGENT_FAULT_SERVER, "HTTP %ld", s);
    *again = s != 501 && s != 505; /* what it cannot do, it cannot do later */
  } else if (s >= 300 && s <= 499)
    fault(r, AGENT_FAULT_REFUSED, s < 400 ? "HTTP %ld: a redirect, which is not followed" : "HTTP %ld", s);
  else
    fault(r, AGENT_FAULT_MALFORMED, "HTTP %ld", s);
}

static void name_end(struct attempt *a, CURLcode code, int *again) {
  curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &a->r->status);
  int refused = a->r->status >= 300; /* a status counts although its body was cut off */
  if (a->too_long)
    fault(a->r, AGENT_FAULT_TOO_LONG, "more than %zu bytes were sent", a->h->max_bytes);
  else if (a->said != AGENT_HTTP_MORE)
    return;
  else if (code == CURLE_OK || (refused && a->progress_ns && code != CURLE_OUT_OF_MEMORY))
    name_status(a, again);
  else
    name_failure(a, code, again);
}

/* 1 if the attempt is over because of us. */
static int is_over(struct attempt *a) {
  const struct agent_http *h = a->h;
  int64_t now = clock_mono_ns();
  if (!a->progress_ns && was_connected(a->easy))
    a->progress_ns = now;
  if (h->cancelled && h->cancelled(h->context))
    fault(a->r, AGENT_FAULT_CANCELLED, "%s", "");
  else if (now >= h->deadline_ns && !a->progress_ns)
    fault(a->r, AGENT_FAULT_UNREACHABLE, "no connection before the time for the whole call ran out");
  else if (now >= h->deadline_ns)
    fault(a->r, AGENT_FAULT_TIMEOUT, "the time for the whole call ran out");
  else if (a->progress_ns && now - a->progress_ns >= h->idle_ns)
    fault(a->r, AGENT_FAULT_TIMEOUT, "%s for %.3g s", a->received ? "nothing more came" : "nothing came",
          (double)h->idle_ns * 1e-9);
  else
    return 0;
  return 1;
}

static int64_t least(int64_t x, int64_t y) {
  return x < y ? x : y;
}

static void drive(CURLM *multi, struct attempt *a, int *again) {
  for (;;) {
    int running = 0, queued = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      a->no_memory = 1;
      return;
    }
    if (!running) {
      const CURLMsg *m = curl_multi_info_read(multi, &queued);
      name_end(a, m && m->msg == CURLMSG_DONE ? m->data.result : CURLE_FAILED_INIT, again);
      return;
    }
    if (is_over(a))
      return;
    int64_t now = clock_mono_ns(), wait_ns = least(SLICE_MS * MS, a->h->deadline_ns - now);
    if (a->progress_ns)
      wait_ns = least(wait_ns, a->progress_ns + a->h->idle_ns - now);
    if (curl_multi_poll(multi, NULL, 0, (int)to_ms(wait_ns), NULL) != CURLM_OK)
      clock_sleep_ns(10 * MS);
  }
}

static enum status attempt_once(const struct agent_http *h, struct agent_http_result *r, int *again,
                                curl_off_t *retry_after_s, struct error *e) {
  struct attempt a = {.h = h, .r = r, .easy = curl_easy_init()};
  CURLM *multi = curl_multi_init();
  struct curl_slist *headers = NULL;
  int ok = a.easy && multi;
  for (size_t i = 0; ok && h->header && h->header[i]; i++) {
    struct curl_slist *more = curl_slist_append(headers, h->header[i]);
    ok = more != NULL;
    headers = more ? more : headers;
  }
  struct curl_slist *plain = ok ? curl_slist_append(headers, "Expect:") : NULL; /* no wait for a 100 */
  ok = plain != NULL;
  headers = plain ? plain : headers;
  ok = ok && !configure(&a, headers) && curl_multi_add_handle(multi, a.easy) == CURLM_OK;
  if (ok) {
    drive(multi, &a, again);
    curl_easy_getinfo(a.easy, CURLINFO_RETRY_AFTER, retry_after_s);
    curl_multi_remove_handle(multi, a.easy);
  }
  for (struct curl_slist *s = headers; s; s = s->next)
    explicit_bzero(s->data, strlen(s->data));
  curl_slist_free_all(headers);
  curl_easy_cleanup(a.easy);
  curl_multi_cleanup(multi);
  if (!ok || a.no_memory || buffer_failed(&r->body))
    return error_set(e, ST_MEMORY, "out of memory while calling an agent's server");
  return ST_OK;
}

/* Waits in slices; 1: it was cancelled. */
static int wait_or_cancel(const struct agent_http *h, int64_t ns) {
  int64_t until = clock_mono_ns() + ns;
  for (int64_t left = ns; left > 0; left = until - clock_mono_ns()) {
    if (h->cancelled && h->cancelled(h->context))
      return 1;
    clock_sleep_ns(least(left, SLICE_MS * MS));
  }
  return 0;
}

/* Half of the wait is drawn, so that calls refused together do not come back together. 0: no time is left. */
static int64_t choose_wait(const struct agent_http *h, struct agent_http_result *r, struct rng *rng,
                           curl_off_t retry_after_s) {
  int64_t base = h->backoff_ns > 0 ? h->backoff_ns : 1;
  for (int i = 1; i < r->attempt && base < BACKOFF_MAX; i++)
    base *= 2;
  base = least(base, BACKOFF_MAX);
  int64_t wait_ns = (int64_t)((double)base * (0.5 + 0.5 * rng_unit(rng)));
  if (retry_after_s > 0)
    wait_ns += least(retry_after_s, 86400) * 1000 * MS;
  if (wait_ns < h->deadline_ns - clock_mono_ns())
    return wait_ns > 0 ? wait_ns : 1;
  size_t n = strlen(r->detail);
  snprintf(r->detail + n, sizeof r->detail - n, "; not tried again: %.3g s to wait is more than is left",
           (double)wait_ns * 1e-9);
  return 0;
}

static enum status post_all(const struct agent_http *h, struct agent_http_result *r, struct error *e) {
  struct rng rng;
  uint64_t seed;
  if (rng_system(&seed, sizeof seed) != ST_OK)
    seed = (uint64_t)clock_mono_ns() ^ (uint64_t)(uintptr_t)r;
  rng_init(&rng, seed);
  for (;;) {
    int again = 0;
    curl_off_t retry_after_s = 0;
    r->attempt++;
    r->fault = AGENT_FAULT_NONE;
    r->detail[0] = 0;
    r->status = 0;
    r->wait_ns = 0;
    buffer_clear(&r->body);
    enum status st = attempt_once(h, r, &again, &retry_after_s, e);
    if (st != ST_OK)
      return st;
    if (again && r->attempt <= h->retries)
      r->wait_ns = choose_wait(h, r, &rng, retry_after_s);
    if (h->attempted)
      h->attempted(h->sink, r);
    if (!r->wait_ns)
      return ST_OK;
    if (wait_or_cancel(h, r->wait_ns)) {
      fault(r, AGENT_FAULT_CANCELLED, "%s", "");
      return ST_OK;
    }
  }
}

enum status agent_http_post(const struct agent_http *h, struct agent_http_result *r, struct error *e) {
  *r = (struct agent_http_result){0};
  buffer_init(&r->body);
  pthread_once(&once, global_start);
  if (global_state)
    return error_set(e, ST_TOOL, "libcurl does not start: %s", curl_easy_strerror(global_state));
  remember_proxies();
  /* Writing to a connection that was closed raises SIGPIPE in this thread; blocked, it is only an error. */
  sigset_t pipe_only, before, pending;
  struct timespec now = {0};
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  enum status st = post_all(h, r, e);
  if (!sigismember(&pending, SIGPIPE) && !sigismember(&before, SIGPIPE))
    while (sigtimedwait(&pipe_only, NULL, &now) > 0)
      ;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return st;
}

static int is_loopback(const char *host) {
  size_t n = strlen(host);
  return strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0 ||
         (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0);
}

enum status agent_http_place(const char *url, struct agent_http_place *out, struct error *e) {
  *out = (struct agent_http_place){0};
  CURLU *u = curl_url();
  char *scheme = NULL, *host = NULL, *user = NULL, *password = NULL;
  int ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
           curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
           curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
  if (ok) {
    curl_url_get(u, CURLUPART_USER, &user, 0);
    curl_url_get(u, CURLUPART_PASSWORD, &password, 0);
    out->encrypted = strcmp(scheme, "https") == 0;
    out->loopback = is_loopback(host);
    snprintf(out->host, sizeof out->host, "%s", host);
    ok = (out->encrypted || strcmp(scheme, "http") == 0) && strlen(host) < sizeof out->host;
  }
  enum status st = ST_OK;
  if (user || password) {
    agent_secret_remember(password);
    st = error_set(e, ST_INPUT,
                   "an agent's address may not hold a user or a password; a key belongs in an "
                   "environment variable");
  } else if (!ok) {
    st = error_set(e, ST_INPUT, "\"%.200s\" is not an address like https://HOST/v1", url);
  }
  curl_free(scheme);
  curl_free(host);
  curl_free(user);
  curl_free(password);
  curl_url_cleanup(u);
  return st;
}
