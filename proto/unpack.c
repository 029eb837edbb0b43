/* SPDX-License-Identifier: Apache-2.0
 * What is stored packed, back to structs: whole, or one part onto another. */
#include "proto/field.h"

static enum status
get_kept(struct decoder *decoder, enum form form, const struct record *record,
    void *values, const void *bytes, size_t length, struct defects *defects)
{
	const char *version = bytes;

	if (length == 0 ||
	    (*version != KEPT_VERSION && *version != KEPT_VERSION_BEFORE)) {
		defects->count = 0;
		defects_add(defects, "must be a packed record", "%s", "");
		return STATUS_BAD_MESSAGE;
	}
	return record_get(
	    decoder, form, record, values, version + 1, length - 1, defects);
}

enum status
record_unpack(struct decoder *decoder, const struct record *record, void *values,
    const void *bytes, size_t length, struct defects *defects)
{
	record_init(record, values);
	return get_kept(decoder, FORM_KEPT, record, values, bytes, length, defects);
}

enum status
record_unpack_onto(struct decoder *decoder, const struct record *record, void *values,
    const void *bytes, size_t length, struct defects *defects)
{
	enum status status =
	    get_kept(decoder, FORM_KEPT_ONTO, record, values, bytes, length, defects);

	if (status != STATUS_OK)
		return status;
	record_check(record, values, defects);
	return defects->count == 0 ? STATUS_OK : STATUS_INVALID;
}
