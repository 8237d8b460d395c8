/* JSON Schemas of the answers, made for one request, and the way back to the protocol's own form.
 *
 * A provider that can be held to a schema takes only part of JSON Schema: every property required (what may
 * be left out is nullable instead), additionalProperties false, no bounds, property names of
 * [A-Za-z0-9_.-]{1,64}. The protocol's maps (scores, forecasts, claims, predicted, setting) therefore
 * become objects with one property for each name that the request holds: a pitch, a limit, a shape, a
 * knob. A name that does not fit is called item_N there. agent_schema_answer undoes all of that.
 *
 * Keywords used: type, properties, required, additionalProperties, items, enum, anyOf, description.
 *
 * Thread safety: pure.
 */
#ifndef SHARKTANK_AGENT_SCHEMA_H
#define SHARKTANK_AGENT_SCHEMA_H

#include "base/base_json.h"
#include "base/base_status.h"

/* The schema of the answer this request asks for; *schema is a new reference. ST_INPUT when the request's
 * ask is unknown, or a ballot has no pitches. */
enum status agent_schema_make(const json_t *request, json_t **schema, struct error *e) MUST_USE;

/* From what the schema describes to the answer of the protocol (agent.h): properties get their names back,
 * nulls go, an entry's edits become the source they make of agent_schema_base. ST_INPUT, made to be
 * sent back to the agent, when an edit does not apply or an entry has not exactly one of its three forms.
 * What comes out still has to pass agent_answer_check. *answer is a new reference. */
enum status agent_schema_answer(const json_t *request, const json_t *given, json_t **answer,
                                struct error *e) MUST_USE;

/* The text that the edits of an entry change: the source of the attempt before (failure.source) where the
 * request has it, else the incumbent's. Borrowed; "" if there is none. */
const char *agent_schema_base(const json_t *request);

/* 1 if name can be a property of a schema as it is; otherwise it is called item_N. */
int agent_schema_name_fits(const char *name);

#endif
