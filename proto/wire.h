/* SPDX-License-Identifier: Apache-2.0
 * The bounded edge to msgpack: what may be given to msgpack_unpack at all. */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "proto/status.h"

/* Limits of one message.  The largest legal one is a `previewed` with every list full:
 * about 32,000 values, 8 deep (table_test.c computes both); a submit has under 500, 6 deep.
 * More depth than that lets a container where a scalar belongs be named as a defect.  A map
 * has at most 64 keys. */
#define WIRE_MAX_DEPTH 12
#define WIRE_MAX_VALUES 65536

/* Whether the bytes are exactly one msgpack map of bounded depth and size: each declared
 * length fits into what is left, keys are strings and not repeated within a map, no
 * extension types, nothing after the end.  Needed because msgpack_unpack allocates what a
 * five-byte message declares (msgpack-c issue 1013).  Reads only; no allocation.
 * OK or BAD_MESSAGE. */
enum status wire_check(const void *bytes, size_t length) MUST_CHECK;

/* The same for what is stored packed, where a key may also be a number of one byte. */
enum status wire_check_kept(const void *bytes, size_t length) MUST_CHECK;

/* The same for one value of any type, with extensions and repeated keys allowed: for tests
 * against the msgpack suite. */
enum status wire_check_any(const void *bytes, size_t length) MUST_CHECK;

#endif
