/* SPDX-License-Identifier: Apache-2.0
 * Facts keep their bounds, point into the document, and never grow by half a list. */
#include <math.h>
#include <stdlib.h>

#include "common/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

/* Looks at every byte, so that a text that points nowhere is seen. */
static void
check_text(struct text text)
{
	volatile uint8_t sum = 0;

	must(text.at != NULL || text.length == 0);
	for (uint32_t i = 0; i < text.length; i++)
		sum = (uint8_t)(sum + (uint8_t)text.at[i]);
}

static void
check_texts(const struct text *texts, uint32_t count, uint32_t most)
{
	must(count <= most);
	for (uint32_t i = 0; i < count; i++) {
		must(texts[i].length > 0);
		check_text(texts[i]);
		for (uint32_t j = 0; j < i; j++)
			must(!text_equal(texts[i], texts[j]));
	}
}

static void
check_number(double number, double least, double most)
{
	must(isnan(number) || (number >= least && number <= most));
}

static void
check_hours(const struct service_facts *facts)
{
	static const int64_t NOW_MS = INT64_C(1795161600000);
	int64_t next;

	must(facts->hours_count <= FACTS_HOURS_MAX);
	for (uint32_t i = 0; i < facts->hours_count; i++) {
		const struct hours_rule *rule = &facts->hours[i];

		must(rule->kind <= HOURS_UNCLEAR && rule->repeats <= HOURS_MONTHLY);
		must(rule->opens < 1440 && rule->closes <= 1440 && rule->interval > 0);
		must(rule->opens != rule->closes && rule->first <= rule->last);
		must(i == 0 || rule->group >= rule[-1].group);
	}
	next = hours_next_opening(facts->hours, facts->hours_count, NOW_MS);
	must(next == TIME_ABSENT || next >= NOW_MS);
	must(next == TIME_ABSENT ||
	     hours_open_at(facts->hours, facts->hours_count, next) == FLAG_YES);
}

/* Any point may be asked for; a shape is closed. */
static void
check_shapes(const struct service_facts *facts)
{
	must(facts->shapes_count <= FACTS_SHAPE_POINTS_MAX);
	if (facts->shapes_count == 0)
		return;
	must(facts->shapes_count >= 6 &&
	     shapes_is_end(facts->shapes[facts->shapes_count - 1]));
	must(facts->shapes[0].lat <= facts->shapes[1].lat);
	must(facts->shapes[0].lon <= facts->shapes[1].lon);
	must(shapes_hold(facts->shapes, facts->shapes_count, (double)facts->shapes[2].lat,
	         (double)facts->shapes[2].lon, 0.01) != FLAG_NO);
}

static void
check(const struct service_facts *facts)
{
	check_text(facts->id);
	check_text(facts->agency);
	check_text(facts->agency_name);
	check_text(facts->name);
	check_text(facts->alternate_name);
	check_text(facts->description);
	check_text(facts->source);
	must(facts->id.length > 0 && facts->name.length > 0);
	must(facts->confidentiality <= CONFIDENTIALITY_cleared);
	must(facts->interpreter <= FLAG_YES);
	check_texts(facts->terms, facts->terms_count, FACTS_TERMS_MAX);
	check_texts(facts->languages, facts->languages_count, FACTS_LANGUAGES_MAX);
	check_texts(facts->areas, facts->areas_count, FACTS_AREAS_MAX);
	check_texts(facts->residences, facts->residences_count, FACTS_RESIDENCES_MAX);
	check_texts(facts->questions, facts->questions_count, FACTS_QUESTIONS_MAX);
	check_text(facts->notice);
	check_number(facts->capacity_ttl_hours, 0, 8784);
	check_shapes(facts);
	check_number(facts->minimum_age, 0, 150);
	check_number(facts->maximum_age, 0, 150);
	must(!(facts->minimum_age > facts->maximum_age));
	check_number(facts->radius_km, 0, 20038);
	check_number(facts->response_hours, 0, 8784);
	check_number(facts->available, 0, UINT32_MAX);
	check_number(facts->maximum, 0, UINT32_MAX);
	must(facts->points_count <= FACTS_POINTS_MAX);
	for (uint32_t i = 0; i < facts->points_count; i++) {
		must(fabs(facts->points[i].lat) <= 90 &&
		     fabs(facts->points[i].lon) <= 180);
		must(facts->confidentiality != CONFIDENTIALITY_public ||
		     facts->points[i].lat != 0 || facts->points[i].lon != 0);
	}
	check_hours(facts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct facts_reader *reader;
	static struct service_facts facts;
	struct text document = { (const char *)bytes, (uint32_t)length };

	if (reader == NULL)
		reader = facts_reader_new();
	if (facts_read(reader, document, &facts) == STATUS_OK)
		check(&facts);
	return 0;
}
