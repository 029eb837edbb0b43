/* SPDX-License-Identifier: Apache-2.0
 * Two sorted lists, walked together. */
#include "deploy/referralctl/import_plan.h"

#include <math.h>
#include <stdlib.h>

#include "proto/message.h"

struct import_item *
import_plan_add(struct import_plan *plan, const char id[ID_UUID_BYTES + 1],
    struct text document, const struct import_where *where)
{
	struct import_item *item;
	char *copy;

	if (plan->count == plan->size) {
		size_t size = plan->size ? plan->size * 2 : 256;
		struct import_item *items = realloc(plan->items, size * sizeof *items);

		if (items == NULL)
			return NULL;
		plan->items = items;
		plan->size = size;
	}
	copy = malloc(document.length + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, document.at, document.length);
	item = &plan->items[plan->count++];
	*item = (struct import_item){
		.document = { copy, document.length },
		.available = NAN,
		.maximum = NAN,
		.capacity_at = TIME_ABSENT,
		.row = where->row,
		.line = where->line,
	};
	memcpy(item->id, id, sizeof item->id);
	id_digest(copy, document.length, item->digest);
	return item;
}

void
import_plan_free(struct import_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free((char *)plan->items[i].document.at);
	free(plan->items);
	*plan = (struct import_plan){ 0 };
}

/* By id, then as they stand in the file. */
static int
compare_items(const void *one, const void *other)
{
	const struct import_item *a = one;
	const struct import_item *b = other;
	int order = strcmp(a->id, b->id);

	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	if (order == 0)
		order = (a->row > b->row) - (a->row < b->row);
	return order;
}

static int
compare_known(const void *one, const void *other)
{
	return strcmp(((const struct import_known *)one)->id,
	    ((const struct import_known *)other)->id);
}

void
import_plan_settle(struct import_plan *plan, struct import_report *report)
{
	size_t kept = 0;

	if (plan->count == 0)
		return;
	qsort(plan->items, plan->count, sizeof *plan->items, compare_items);
	for (size_t i = 1; i < plan->count; i++) {
		struct import_item *first = &plan->items[kept];
		struct import_item *item = &plan->items[i];
		struct import_where where = { item->row, item->line, text_of(item->id) };
		char why[64];

		if (strcmp(first->id, item->id) != 0) {
			plan->items[++kept] = *item;
			continue;
		}
		snprintf(why, sizeof why, "first on line %llu",
		    (unsigned long long)first->line);
		if (strcmp(first->digest, item->digest) == 0)
			import_report_add(report, IMPORT_repeated, &where, "id", why);
		else
			import_report_add(report, IMPORT_duplicate_id, &where, "id", why);
		free((char *)item->document.at);
	}
	plan->count = kept + 1;
}

bool
import_plan_compare(struct import_plan *plan, struct import_known *known,
    size_t known_count, struct import_report *report)
{
	size_t at = 0;

	if (known_count > 0)
		qsort(known, known_count, sizeof *known, compare_known);
	for (size_t i = 0; i < plan->count; i++) {
		struct import_item *item = &plan->items[i];

		while (at < known_count && strcmp(known[at].id, item->id) < 0) {
			report->removed++;
			at++;
		}
		if (at == known_count || strcmp(known[at].id, item->id) != 0) {
			item->is_new = true;
			report->added++;
			continue;
		}
		item->is_new = strcmp(known[at++].digest, item->digest) != 0;
		if (item->is_new)
			report->changed++;
		else
			report->unchanged++;
	}
	report->removed += known_count - at;
	return report->added + report->changed + report->removed > 0;
}

enum import_guard
import_plan_guard(const struct import_plan *plan, size_t known_count,
    double most_removed_percent, const struct import_report *report)
{
	if (plan->count == 0)
		return IMPORT_NOTHING_GOOD;
	if (report->counts[IMPORT_cut_file] > 0 && report->removed > 0)
		return IMPORT_CUT_FILE;
	if ((double)report->removed * 100 > most_removed_percent * (double)known_count)
		return IMPORT_MOST_REMOVED;
	return IMPORT_ALLOWED;
}
