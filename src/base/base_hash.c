/* Room base: SHA-256 by libnettle. */
#include "base/base_hash.h"

#include <nettle/sha2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct hash_parts {
  struct sha256_ctx context;
};

static void to_hex(struct sha256_ctx *context, char hex[HASH_HEX_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(context, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  hex[HASH_HEX_BYTES - 1] = 0;
}

void hash_sha256_hex(const void *data, size_t bytes, char hex[HASH_HEX_BYTES]) {
  struct sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes, data);
  to_hex(&context, hex);
}

struct hash_parts *hash_parts_create(void) {
  struct hash_parts *h = malloc(sizeof *h);
  if (h)
    sha256_init(&h->context);
  return h;
}

void hash_parts_add(struct hash_parts *h, const void *data, size_t bytes) {
  if (!h)
    return;
  uint8_t length[8];
  for (int i = 0; i < 8; i++)
    length[i] = (uint8_t)((uint64_t)bytes >> (8 * i));
  sha256_update(&h->context, sizeof length, length);
  sha256_update(&h->context, bytes, data);
}

void hash_parts_add_text(struct hash_parts *h, const char *text) {
  hash_parts_add(h, text, strlen(text));
}

void hash_parts_end(struct hash_parts *h, char hex[HASH_HEX_BYTES]) {
  if (!h) {
    memset(hex, '0', HASH_HEX_BYTES - 1);
    hex[HASH_HEX_BYTES - 1] = 0;
    return;
  }
  to_hex(&h->context, hex);
  free(h);
}

int hash_is_hex(const char *s) {
  size_t n = 0;
  for (; s[n]; n++)
    if (!((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'f')) || n >= HASH_HEX_BYTES - 1)
      return 0;
  return n == HASH_HEX_BYTES - 1;
}
