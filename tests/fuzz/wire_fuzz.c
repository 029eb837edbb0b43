/* SPDX-License-Identifier: Apache-2.0
 * What the guard lets through, msgpack reads to the same end, and within bounds. */
#include <msgpack.h>
#include <stdlib.h>

#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	bool is_message = wire_check(bytes, length) == STATUS_OK;
	bool is_value = wire_check_any(bytes, length) == STATUS_OK;
	msgpack_zone zone;
	msgpack_object object;
	size_t end = 0;

	if (is_message && !is_value)
		abort();
	if (!is_value)
		return 0;
	if (!msgpack_zone_init(&zone, 4096) ||
	    msgpack_unpack((const char *)bytes, length, &end, &zone, &object) !=
	        MSGPACK_UNPACK_SUCCESS ||
	    end != length)
		abort();
	if (is_message && (object.type != MSGPACK_OBJECT_MAP || object.via.map.size > 64))
		abort();
	msgpack_zone_destroy(&zone);
	return 0;
}
