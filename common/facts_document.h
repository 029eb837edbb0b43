/* SPDX-License-Identifier: Apache-2.0
 * The parsed document of a reader, for what reads more of it than its facts. */
#ifndef COMMON_FACTS_DOCUMENT_H
#define COMMON_FACTS_DOCUMENT_H

#include <jansson.h>

#include "common/facts.h"

/* What facts_read read last; it stays until the reader is used again. */
const json_t *facts_document(const struct facts_reader *reader);

#endif
