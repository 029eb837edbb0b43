/* SPDX-License-Identifier: Apache-2.0
 * Records of messages.def as JSON.  The only file that reads or writes JSON of messages. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "proto/message.h"

/* Holds the texts of one record read from JSON.  NULL: out of memory. */
struct json_arena;
struct json_arena *json_arena_new(void);
void json_arena_free(struct json_arena *arena);

/* Reads one JSON object into a record (initialised first).  Unknown keys are refused with
 * their name, so a misspelt field is not lost; null counts as absent.  All defects are
 * collected: types, bounds, codes, missing fields, unknown keys.  Texts stay valid until the
 * arena is used again.
 * `defects` starts afresh.
 * OK; INVALID: see defects; BAD_MESSAGE: not JSON, not an object, repeated keys, bad UTF-8 or
 * a NUL (one defect says where: "line 3 column 7"); NO_MEMORY. */
enum status json_read(struct json_arena *arena, const struct record *record, void *values,
    struct text json, struct defects *defects) MUST_CHECK;

/* Writes a record as one JSON object, fields in the order of the table, absent ones left
 * out, lists always present; null for a value out of the table's bounds, so that the text is
 * always JSON.  MASK_NOT_PERSONAL leaves out what is marked PERSONAL.
 * A malloc'd text that the caller frees; NULL: out of memory. */
char *json_write(
    const struct record *record, const void *values, enum mask mask, size_t *length);

/* Writes `{"key":<json>}` around an already written JSON text; malloc'd. */
char *json_wrap(const char *key, const char *json, size_t *length);

/* Writes problem details (RFC 9457) of a status: "type" (urn:hearthline:problem:CODE),
 * "title", "status" (HTTP) and "code", with defects as "errors":[{field,why}],
 * and "state", "version" where given (NULL, UINT_ABSENT: left out); malloc'd. */
char *json_problem(enum status status, const struct defects *defects, struct text state,
    uint32_t version, size_t *length);

struct service_facts;

/* A service document for readers, with its facts: without what is ours alone ("x_source") and
 * an alert that does not hold now, and with "x_opens_at", the moment from now on at which its
 * door is known to be open, where there is one within 60 days.  `hides_addresses`:
 * for who is not cleared, places that hide their address (or whose service does) keep what is
 * known not to tell it, under another id, phones and e-mail included; of the organization's
 * locations only those stay at which the service is seen to be, since another service may hide
 * them.  malloc'd; NULL: not a JSON object, or out of memory. */
char *json_service(struct text document, const struct service_facts *facts,
    bool hides_addresses, int64_t now_ms, size_t *length);
/* A stored document as everybody may see it; `hides_all`: whatever it says, all its addresses
 * are hidden.  OK: a malloc'd text, NULL where it stays as it is.  INVALID: no JSON object.
 * NO_MEMORY. */
enum status json_public(
    struct text document, bool hides_all, char **text, size_t *length) MUST_CHECK;

#endif
