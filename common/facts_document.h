/* SPDX-License-Identifier: Apache-2.0
 * The parsed document of a reader, for what reads more of it than its facts. */
#ifndef COMMON_FACTS_DOCUMENT_H
#define COMMON_FACTS_DOCUMENT_H

#include <jansson.h>

#include "common/facts.h"

/* What facts_read read last; it stays until the reader is used again. */
const json_t *facts_document(const struct facts_reader *reader);

/* Whether a service, a place or a location asks for itself that its address is hidden, or
 * more: any word but "public" does. */
bool facts_hides_address(const json_t *object);

#endif
