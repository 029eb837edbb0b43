/* SPDX-License-Identifier: Apache-2.0
 * Any bytes are read to the end, and what is read of them is a week that could be.
 *
 * The first byte says whether it may be a service of the night. */
#include <assert.h>
#include <stdlib.h>

#include "common/prose_hours.h"
#include "common/prose_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_folding(struct text text)
{
	static struct prose_text once, twice;

	if (!prose_fold(text, &once))
		return;
	assert(once.length <= PROSE_MAX_BYTES && once.bytes[once.length] == '\0');
	if (!prose_fold((struct text){ once.bytes, (uint32_t)once.length }, &twice))
		return; /* a letter may need more room than before */
	assert(once.length == twice.length &&
	       memcmp(once.bytes, twice.bytes, once.length) == 0);
}

static void
check_openings(const struct prose_hours *hours)
{
	assert(hours->count > 0 && hours->count <= PROSE_HOURS_MAX);
	for (uint32_t i = 0; i < hours->count; i++) {
		const struct prose_opening *opening = &hours->list[i];

		assert(opening->days > 0 && opening->days < 128);
		assert(opening->week >= -1 && opening->week <= 4);
		assert(opening->span.opens < 1440 && opening->span.closes <= 1440);
		assert(opening->span.opens != opening->span.closes);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct prose_hours hours;
	char *bytes;
	struct text text;

	if (size < 1 || size > 4096)
		return 0;
	bytes = malloc(size > 1 ? size - 1 : 1);
	assert(bytes != NULL);
	memcpy(bytes, data + 1, size - 1);
	text = (struct text){ bytes, (uint32_t)(size - 1) };
	check_folding(text);
	if (prose_hours_read(text, data[0] & 1, &hours))
		check_openings(&hours);
	else
		assert(hours.count == 0);
	free(bytes);
	return 0;
}
