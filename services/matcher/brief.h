/* SPDX-License-Identifier: Apache-2.0
 * What an operator must know of a service before a call. */
#ifndef MATCHER_BRIEF_H
#define MATCHER_BRIEF_H

#include "services/matcher/index.h"

/* Adds to the services found what holds at this moment; texts point into the index. */
void brief_found(const struct index *index, struct found *found, int64_t now_ms);

#endif
