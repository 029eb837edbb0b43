/* SPDX-License-Identifier: Apache-2.0
 * The parsed document of a reader, for what reads more of it than its facts. */
#ifndef COMMON_FACTS_DOCUMENT_H
#define COMMON_FACTS_DOCUMENT_H

#include <jansson.h>

#include "common/facts.h"

/* Member of a read document: its places for cleared roles, where others are for everybody. */
#define FACTS_CLEARED_PLACES "x_cleared_places"

/* What facts_read read last; it stays until the reader is used again. */
const json_t *facts_document(const struct facts_reader *reader);

/* Whether a service, a place or a location asks for itself that its address is hidden, or
 * more: any word but "public" does. */
bool facts_hides_address(const json_t *object);

/* What a place and its location ask for, whichever hides more. */
enum confidentiality facts_place_secrecy(const json_t *place);

#endif
