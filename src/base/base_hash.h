/* SHA-256 (FIPS 180-4, by libnettle) as lower-case hex. Pure; thread safe. */
#ifndef SHARKTANK_BASE_HASH_H
#define SHARKTANK_BASE_HASH_H

#include <stddef.h>

#define HASH_HEX_BYTES 65 /* 64 digits and a zero */

void hash_sha256_hex(const void *data, size_t bytes, char hex[HASH_HEX_BYTES]);

/* Incremental form: parts are length-prefixed, so ("ab","c") and ("a","bc") differ. */
struct hash_parts;
struct hash_parts *hash_parts_create(void); /* returns owned, NULL without memory */
void hash_parts_add(struct hash_parts *h, const void *data, size_t bytes);
void hash_parts_add_text(struct hash_parts *h, const char *text);
/* Writes the digest and frees h (NULL allowed: writes 64 zeros). */
void hash_parts_end(struct hash_parts *h, char hex[HASH_HEX_BYTES]);
/* 1 if s is exactly 64 lower-case hex digits. */
int hash_is_hex(const char *s);

#endif
