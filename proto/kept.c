/* SPDX-License-Identifier: Apache-2.0
 * Takes packed records apart. */
#include "proto/kept.h"

void
kept_split(struct text packed, struct text *fields, size_t count)
{
	const char *at = packed.at != NULL ? packed.at : "";
	const char *end = at + packed.length;

	for (size_t i = 0; i < count; i++) {
		const char *stop = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

		if (stop == NULL)
			stop = end;
		fields[i] = (struct text){ at, (uint32_t)(stop - at) };
		at = stop < end ? stop + 1 : end;
	}
}

const struct kept_record *
kept_records(void)
{
#define NAME(name, about) #name,
	static const char *const HEAD[] = {
#define KEPT_HEAD NAME
#include "proto/kept.def"
		NULL
	};
	static const char *const NEED[] = {
#define KEPT_NEED NAME
#include "proto/kept.def"
		NULL
	};
	static const char *const REFERRAL[] = {
#define KEPT_REFERRAL NAME
#include "proto/kept.def"
		NULL
	};
	static const char *const LINE[] = {
#define KEPT_LINE NAME
#include "proto/kept.def"
		NULL
	};
#undef NAME
	static const struct kept_record RECORDS[] = { { "head", HEAD }, { "need", NEED },
		{ "referral", REFERRAL }, { "line", LINE }, { NULL, NULL } };

	return RECORDS;
}
