/* SPDX-License-Identifier: Apache-2.0
 * Any bytes are read to the end, and what is read of them is a week that could be, and
 * rules that could be held.
 *
 * The first byte says whether it may be a service of the night. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "common/prose_eligibility.h"
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

static bool
is_within(struct text part, struct text text)
{
	return part.at >= text.at && part.at + part.length <= text.at + text.length;
}

static void
check_eligibility(struct text text)
{
	static struct prose_eligibility read;
	bool has_sentence = prose_eligibility_read(text, &read);

	assert(has_sentence || (read.questions_count == 0 && read.codes == 0));
	assert(!(read.minimum_age >= read.maximum_age));
	assert((read.age_evidence.at == NULL) ==
	       (isnan(read.minimum_age) && isnan(read.maximum_age)));
	assert(read.age_evidence.at == NULL || is_within(read.age_evidence, text));
	assert(read.codes == 0 || read.age_evidence.at == NULL);
	assert(read.codes == 0 || is_within(read.codes_evidence, text));
	for (uint32_t i = 0; i < read.questions_count; i++)
		assert(
		    read.questions[i].length > 0 && is_within(read.questions[i], text));
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
	check_eligibility(text);
	if (prose_hours_read(text, data[0] & 1, &hours))
		check_openings(&hours);
	else
		assert(hours.count == 0);
	free(bytes);
	return 0;
}
