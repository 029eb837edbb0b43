/* SPDX-License-Identifier: Apache-2.0
 * Time in milliseconds; tests may set it. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/text.h"

/* Wall clock, ms since 1970 UTC: for people and records. */
int64_t clock_wall_ms(void);
/* Monotonic ms: for durations and deadlines. */
int64_t clock_mono_ms(void);
/* Monotonic microseconds: for latency histograms. */
int64_t clock_mono_us(void);

/* Freezes or moves both clocks (tests): `wall_ms` is returned until the next call; a
 * negative value gives the real clocks back. */
void clock_set(int64_t wall_ms);

/* RFC 3339 in UTC with milliseconds, "2026-11-20T08:00:00.000Z": 24 bytes and the NUL. */
#define CLOCK_TEXT_BYTES 25
void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES]);
/* Reads an RFC 3339 date-time (any offset, any fraction) or full-date (start of that day,
 * UTC).  False: not one. */
bool clock_parse(struct text text, int64_t *wall_ms);

#endif
