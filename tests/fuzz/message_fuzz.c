/* SPDX-License-Identifier: Apache-2.0
 * What decodes must encode, and decode to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct {
	struct decoder *decoder;
	struct defects defects;
	struct message message;
	struct case_view values; /* holds any record */
	uint8_t once[MESSAGE_MAX_BYTES], twice[MESSAGE_MAX_BYTES];
	uint8_t known[MESSAGE_MAX_BYTES], rest[MESSAGE_MAX_BYTES];
	char line[256];
} its;

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

/* An intake in two parts is the intake. */
static void
check_parts(const struct intake *in)
{
	size_t known = 0, rest = 0, once = 0, twice = 0;

	must(record_encode(&record_intake, in, MASK_ALL, its.once, sizeof its.once,
	         &once) == STATUS_OK);
	must(record_pack(&record_intake, in, MASK_NOT_PERSONAL, its.known,
	         sizeof its.known, &known) == STATUS_OK);
	must(record_pack(&record_intake, in, MASK_PERSONAL, its.rest, sizeof its.rest,
	         &rest) == STATUS_OK);
	must(record_unpack(its.decoder, &record_intake, &its.values, its.known, known,
	         &its.defects) == STATUS_OK);
	must(record_unpack_onto(its.decoder, &record_intake, &its.values, its.rest, rest,
	         &its.defects) == STATUS_OK);
	must(record_encode(&record_intake, &its.values, MASK_ALL, its.twice,
	         sizeof its.twice, &twice) == STATUS_OK);
	must(once == twice && memcmp(its.once, its.twice, once) == 0);
}

static void
check_message(const uint8_t *bytes, size_t length)
{
	enum status status =
	    message_decode(its.decoder, &its.message, bytes, length, &its.defects);
	size_t once = 0, twice = 0;

	must(status == STATUS_OK || status == STATUS_INVALID ||
	     status == STATUS_BAD_MESSAGE || status == STATUS_UNSUPPORTED);
	must((status == STATUS_OK) == (its.defects.count == 0));
	message_print(&its.message, its.line, length % sizeof its.line);
	if (status != STATUS_OK)
		return;
	record_check(message_record(its.message.kind), &its.message.submit, &its.defects);
	must(its.defects.count == 0);
	if (its.message.kind == MESSAGE_submit)
		check_parts(&its.message.submit.intake);
	must(message_encode(&its.message, its.once, sizeof its.once, &once) == STATUS_OK);
	must(message_decode(its.decoder, &its.message, its.once, once, &its.defects) ==
	     STATUS_OK);
	must(message_encode(&its.message, its.twice, sizeof its.twice, &twice) ==
	     STATUS_OK);
	must(once == twice && memcmp(its.once, its.twice, once) == 0);
}

static void
check_record(const struct record *record, const uint8_t *bytes, size_t length)
{
	size_t once = 0, masked = 0;

	record_init(record, &its.values);
	if (record_unpack_onto(its.decoder, record, &its.values, bytes, length,
	        &its.defects) == STATUS_OK)
		must(record_encode(record, &its.values, MASK_ALL, its.once,
		         sizeof its.once, &once) == STATUS_OK);
	if (record_decode(its.decoder, record, &its.values, bytes, length,
	        &its.defects) != STATUS_OK)
		return;
	must(record_encode(record, &its.values, MASK_ALL, its.once, sizeof its.once,
	         &once) == STATUS_OK);
	must(record_encode(record, &its.values, MASK_NOT_PERSONAL, its.twice,
	         sizeof its.twice, &masked) == STATUS_OK);
	must(masked <= once);
	must(record_decode(its.decoder, record, &its.values, its.once, once,
	         &its.defects) == STATUS_OK);
}

/* A first byte under 0x80 names a record, as no message begins with one. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	size_t count = 0;

	if (length == 0 ||
	    length > MESSAGE_MAX_BYTES / 4) /* reals may grow from 2 to 9 bytes */
		return 0;
	if (its.decoder == NULL)
		its.decoder = decoder_new();
	while (record_all()[count] != NULL)
		count++;
	if (bytes[0] < 0x80)
		check_record(record_all()[bytes[0] % count], bytes + 1, length - 1);
	else
		check_message(bytes, length);
	return 0;
}
