/* Room: fuzz (private header). The parts of the target that reads what agents answer. */
#ifndef FUZZ_AGENT_H
#define FUZZ_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "agent/agent_exchange.h"

/* Ends the run, with what did not hold. */
void fuzz_need(int ok, const char *what);

/* fuzz_agent_wire.c. data: two bytes that choose provider, status, type, chunks and end, then what is sent.
 */
void fuzz_agent_wire(const uint8_t *data, size_t size, const json_t *schema, const char *name);
/* data: the recording. */
void fuzz_agent_recording(const uint8_t *data, size_t size, const json_t *schema, const char *name);

#endif
