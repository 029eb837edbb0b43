/* SPDX-License-Identifier: Apache-2.0
 * Opens the two parts of an intake, one onto the other. */
#include "common/family.h"

enum status
family_open(const struct family_keys *keys, const struct case_record *record,
    uint8_t case_key[SEAL_KEY_BYTES], uint8_t plain[FAMILY_MAX_BYTES], struct intake *out)
{
	struct text id = record->view.id;
	struct defects defects = { .count = 0 };
	size_t routing = 0, identity = 0;
	enum status status;

	status = seal_case_key_open(keys->identity, id, record->key, case_key);
	if (status == STATUS_OK)
		status = seal_get(keys->routing, id, record->routing, plain,
		    FAMILY_MAX_BYTES, &routing);
	if (status == STATUS_OK)
		status = seal_get_key(case_key, id, record->identity, plain + routing,
		    FAMILY_MAX_BYTES - routing, &identity);
	if (status == STATUS_OK)
		status = record_unpack(
		    keys->decoder, &record_intake, out, plain, routing, &defects);
	if (status == STATUS_OK)
		status = record_unpack_onto(keys->decoder, &record_intake, out,
		    plain + routing, identity, &defects);
	return status == STATUS_OK ? STATUS_OK : STATUS_DAMAGED;
}
