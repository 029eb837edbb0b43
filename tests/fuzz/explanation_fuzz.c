/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a stored explanation: what unpacks is a legal record `why`, and packs into one
 * that unpacks. */
#include <stdlib.h>
#include <string.h>

#include "proto/explanation.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct {
	struct explanation_texts texts, again;
	struct why why;
	struct defects defects;
	uint8_t packed[MESSAGE_MAX_BYTES], written[MESSAGE_MAX_BYTES];
} its;

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

static void
check_why(void)
{
	size_t length = 0;

	its.defects.count = 0;
	record_check(&record_why, &its.why, &its.defects);
	must(its.defects.count == 0);
	must(record_encode(&record_why, &its.why, MASK_ALL, its.written,
	         sizeof its.written, &length) == STATUS_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct text service = LITERAL("s"), agency = LITERAL("a");
	size_t packed = 0;
	enum status status;

	status = explanation_unpack(bytes, length, service, agency, &its.texts, &its.why);
	must(status == STATUS_OK || status == STATUS_DAMAGED);
	if (status != STATUS_OK)
		return 0;
	check_why();
	status = explanation_pack(&its.why, its.packed, sizeof its.packed, &packed);
	must(status == STATUS_OK || status == STATUS_TOO_LARGE);
	if (status != STATUS_OK)
		return 0;
	must(explanation_unpack(
	         its.packed, packed, service, agency, &its.again, &its.why) == STATUS_OK);
	check_why();
	return 0;
}
