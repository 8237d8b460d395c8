/* Room: agent. The one point of redaction: secrets that were read, and what looks like one.
 *
 * A key is remembered before it is used, so no text that could repeat it exists earlier. What looks like a
 * key is hidden too, because a server or a command may know keys that never passed through here. */
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_exchange.h"

enum { SECRET_MIN = 8, SECRET_MAX = 8192, PART_MIN = 12 };

struct secret {
  struct secret *next;
  size_t bytes;
  char text[];
};
static struct secret *secrets; /* kept for the life of the process: a key may turn up late */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void remember_bytes(const char *text, size_t bytes) {
  pthread_mutex_lock(&lock);
  const struct secret *known = secrets;
  while (known && (known->bytes != bytes || memcmp(known->text, text, bytes) != 0))
    known = known->next;
  if (!known) {
    struct secret *made = malloc(sizeof *made + bytes);
    if (made) {
      made->bytes = bytes;
      memcpy(made->text, text, bytes);
      made->next = secrets;
      secrets = made;
    }
  }
  pthread_mutex_unlock(&lock);
}

void agent_secret_remember(const char *secret) {
  size_t bytes = secret ? strlen(secret) : 0;
  if (bytes < SECRET_MIN || bytes > SECRET_MAX)
    return;
  remember_bytes(secret, bytes);
  /* Within JSON some bytes are written differently. */
  json_t *value = json_clean_string(secret, bytes);
  char *quoted = value ? json_canonical(value) : NULL;
  size_t n = quoted ? strlen(quoted) : 0;
  if (n > 2 && (n - 2 != bytes || memcmp(quoted + 1, secret, bytes) != 0))
    remember_bytes(quoted + 1, n - 2);
  free(quoted);
  json_decref(value);
}

/* Also the beginning of a secret: a text may have been cut in the middle of one. */
static void hide_known(char *text, size_t bytes) {
  pthread_mutex_lock(&lock);
  for (const struct secret *s = secrets; s; s = s->next) {
    char *at = text;
    size_t left = bytes, least = s->bytes < PART_MIN ? s->bytes : PART_MIN;
    while (left >= least && (at = memmem(at, left, s->text, least)) != NULL) {
      size_t n = least, most = bytes - (size_t)(at - text);
      while (n < most && n < s->bytes && at[n] == s->text[n])
        n++;
      memset(at, '*', n);
      at += n;
      left = bytes - (size_t)(at - text);
    }
  }
  pthread_mutex_unlock(&lock);
}

static int is_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* How keys of well-known services begin, and how many more characters they have at least. */
static const struct {
  const char *begin, *also; /* also: characters allowed beside letters, digits, _ and - */
  size_t least;
} looks[] = {
    {"sk-", "", 16},  {"xai-", "", 20},   {"gsk_", "", 20},         {"hf_", "", 20},
    {"ghp_", "", 20}, {"gho_", "", 20},   {"github_pat_", "", 20},  {"AIza", "", 30},
    {"eyJ", ".", 40}, {"nvapi-", "", 20}, {"Bearer ", ".~+/=", 20}, {"bearer ", ".~+/=", 20},
};

/* The length of what looks like a key at text, 0: nothing does. It has a digit: words joined by dashes do
 * not count. */
static size_t look(const char *text, size_t left, size_t which) {
  size_t begin = strlen(looks[which].begin), n = begin;
  if (left <= begin || memcmp(text, looks[which].begin, begin) != 0)
    return 0;
  int digits = 0;
  for (; n < left && (is_word(text[n]) || (text[n] && strchr(looks[which].also, text[n]))); n++)
    digits += isdigit((unsigned char)text[n]) != 0;
  return digits && n - begin >= looks[which].least ? n : 0;
}

/* The password of an address: SCHEME://USER:PASSWORD@HOST. */
static void hide_password(char *text, size_t left) {
  size_t colon = 0, n = 0;
  for (; n < left && n < 1024 && text[n] != '/' && text[n] != '"' && !isspace((unsigned char)text[n]); n++) {
    if (text[n] == ':' && !colon)
      colon = n + 1;
    if (text[n] == '@' && colon)
      memset(text + colon, '*', n - colon);
  }
}

void agent_redact(char *text, size_t bytes) {
  if (!text || !bytes)
    return;
  hide_known(text, bytes);
  for (size_t i = 0; i < bytes; i++) {
    if (bytes - i > 3 && memcmp(text + i, "://", 3) == 0)
      hide_password(text + i + 3, bytes - i - 3);
    if (i && is_word(text[i - 1]) && !(i > 1 && text[i - 2] == '\\')) /* "\n" in JSON is no word */
      continue;
    for (size_t k = 0; k < sizeof looks / sizeof *looks; k++) {
      size_t n = look(text + i, bytes - i, k);
      if (n) {
        memset(text + i, '*', n);
        i += n - 1;
        break;
      }
    }
  }
}
