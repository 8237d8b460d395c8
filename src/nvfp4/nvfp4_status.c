/* Room: nvfp4. Sentences for the status codes. May include nvfp4.h only. */
#include "nvfp4.h"

const char *nvfp4_status_text(enum nvfp4_status s) {
  static const char *const text[] = {
#define NVFP4_STATUS_TEXT(name, sentence) sentence,
      NVFP4_STATUS_LIST(NVFP4_STATUS_TEXT)
#undef NVFP4_STATUS_TEXT
  };
  return (unsigned)s < NVFP4_STATUS_COUNT ? text[s] : "not a status of nvfp4";
}
