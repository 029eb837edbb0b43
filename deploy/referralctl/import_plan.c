/* SPDX-License-Identifier: Apache-2.0
 * One table of ids: what is in use, and what the file holds. */
#include "deploy/referralctl/import_plan.h"

#include <stdio.h>
#include <stdlib.h>

/* A slot's mark: where the service stands, and the line that it began in. */
#define IN_USE UINT64_C(1)
#define IN_FILE UINT64_C(2)
#define KEPT UINT64_C(4)
#define LINE_SHIFT 3

static int
digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* False: it is no UUID in lower case. */
static bool
pack(struct text id, uint8_t key[INDEX_KEY_BYTES])
{
	size_t at = 0;

	if (id.length != ID_UUID_BYTES)
		return false;
	for (size_t i = 0; i < ID_UUID_BYTES; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		int high, low;

		if (is_dash) {
			if (id.at[i] != '-')
				return false;
			continue;
		}
		high = digit_of(id.at[i]);
		low = digit_of(id.at[++i]);
		if (high < 0 || low < 0)
			return false;
		key[at++] = (uint8_t)(high * 16 + low);
	}
	return true;
}

static void
unpack(const uint8_t key[INDEX_KEY_BYTES], char id[ID_UUID_BYTES + 1])
{
	static const char DIGITS[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < INDEX_KEY_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[at++] = '-';
		id[at++] = DIGITS[key[i] >> 4];
		id[at++] = DIGITS[key[i] & 15];
	}
	id[at] = '\0';
}

/* The slot of an id; NULL: out of memory. */
static struct import_slot *
add(struct import_plan *plan, struct text id, bool *is_new)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct import_slot *name;
	char *copy;

	if (pack(id, key))
		return import_index_add(&plan->services, key, is_new);
	import_index_key(id, key);
	name = import_index_add(&plan->names, key, is_new);
	if (name == NULL)
		return NULL;
	if (*is_new) {
		copy = malloc(id.length + 1);
		if (copy == NULL)
			return NULL;
		memcpy(copy, id.length ? id.at : "", id.length);
		name->text = (struct text){ copy, id.length };
	}
	return import_index_add(&plan->services, key, is_new);
}

bool
import_plan_know(struct import_plan *plan, struct text id, const uint8_t digest[16])
{
	bool is_new;
	struct import_slot *slot = add(plan, id, &is_new);

	if (slot == NULL)
		return false;
	plan->known += is_new;
	memcpy(slot->digest, digest, sizeof slot->digest);
	slot->mark = IN_USE;
	return true;
}

static enum import_verdict
pass_over(const struct import_slot *first, const uint8_t digest[16],
    const struct import_where *where, struct import_report *report)
{
	bool is_same = memcmp(first->digest, digest, sizeof first->digest) == 0;
	char why[64];

	snprintf(why, sizeof why, "first on line %llu",
	    (unsigned long long)(first->mark >> LINE_SHIFT));
	import_report_add(
	    report, is_same ? IMPORT_repeated : IMPORT_duplicate_id, where, "id", why);
	return IMPORT_PASSED;
}

enum import_verdict
import_plan_take(struct import_plan *plan, const struct import_service *service,
    const struct import_where *where, struct import_report *report)
{
	uint8_t digest[INDEX_KEY_BYTES];
	bool is_new, is_kept;
	struct import_slot *slot = add(plan, service->id, &is_new);

	if (slot == NULL)
		return IMPORT_NO_MEMORY;
	import_index_key(service->document, digest);
	if (slot->mark & IN_FILE)
		return pass_over(slot, digest, where, report);
	is_kept = !is_new && memcmp(slot->digest, digest, sizeof digest) == 0;
	if (is_new)
		report->added++;
	else if (is_kept)
		report->unchanged++;
	else
		report->changed++;
	memcpy(slot->digest, digest, sizeof digest);
	slot->mark |= IN_FILE | (is_kept ? KEPT : 0) | where->line << LINE_SHIFT;
	plan->count++;
	return is_kept ? IMPORT_KEPT : IMPORT_NEW;
}

bool
import_plan_end(const struct import_plan *plan, struct import_report *report)
{
	report->removed = plan->known - report->changed - report->unchanged;
	return report->added + report->changed + report->removed > 0;
}

struct text
import_plan_next_kept(
    const struct import_plan *plan, size_t *at, char uuid[ID_UUID_BYTES + 1])
{
	const struct import_slot *slot;
	const struct import_slot *name;

	do {
		if (*at == plan->services.count)
			return TEXT_ABSENT;
		slot = &plan->services.slots[(*at)++];
	} while (!(slot->mark & KEPT));
	name = import_index_find(&plan->names, slot->key);
	if (name != NULL)
		return name->text;
	unpack(slot->key, uuid);
	return text_of(uuid);
}

void
import_plan_free(struct import_plan *plan)
{
	for (size_t i = 0; i < plan->names.count; i++)
		free((char *)plan->names.slots[i].text.at);
	import_index_free(&plan->names);
	import_index_free(&plan->services);
	*plan = (struct import_plan){ 0 };
}

enum import_guard
import_plan_guard(const struct import_plan *plan, double most_removed_percent,
    const struct import_report *report)
{
	if (plan->count == 0)
		return IMPORT_NOTHING_GOOD;
	if (report->counts[IMPORT_cut_file] > 0 && report->removed > 0)
		return IMPORT_CUT_FILE;
	if ((double)report->removed * 100 > most_removed_percent * (double)plan->known)
		return IMPORT_MOST_REMOVED;
	return IMPORT_ALLOWED;
}
