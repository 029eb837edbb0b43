/* SPDX-License-Identifier: Apache-2.0
 * A search finds at least what reading every service finds, page by page, in a legal message.
 *
 * The input is one byte that sets page size and point, then lines: the words, a term, and
 * services: name, alternate name, agency, description and term, between tabs. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "common/fold.h"
#include "proto/field.h"
#include "services/matcher/search.h"

#define SERVICES_MAX 60
#define INPUT_MAX 4096

enum { NAME, ALTERNATE_NAME, AGENCY, DESCRIPTION, TERM, FIELDS };

static struct text services[SERVICES_MAX][FIELDS];
static unsigned services_count;
static unsigned first; /* number of the first one's id */

/* The text up to a byte, which is passed over. */
static struct text
take(struct text *rest, char end)
{
	const char *at = rest->length > 0 ? memchr(rest->at, end, rest->length) : NULL;
	uint32_t length = at ? (uint32_t)(at - rest->at) : rest->length;
	struct text text = { rest->at, length };

	rest->at += at ? length + 1 : length;
	rest->length -= at ? length + 1 : length;
	return text;
}

static bool
has_word(struct text text, const char *word, size_t length)
{
	char folded[FOLD_ROOM(INPUT_MAX)];
	size_t end = fold(text, folded, sizeof folded);

	for (size_t i = 0; i + length <= end; i++)
		if (memcmp(folded + i, word, length) == 0)
			return true;
	return false;
}

static bool
has_all_words(const struct text *fields, struct text words)
{
	char folded[FOLD_ROOM(INPUT_MAX)];
	size_t length = fold(words, folded, sizeof folded);

	for (size_t start = 0, end; start < length; start = end) {
		bool is_found = false;

		for (end = start + 1; end < length && folded[end] != ' ';)
			end++;
		for (unsigned field = 0; field < FIELDS; field++)
			is_found |= has_word(fields[field], folded + start, end - start);
		if (!is_found)
			return false;
	}
	return true;
}

static bool
is_at_or_below(struct text term, struct text wanted)
{
	if (term.length < wanted.length || term.length > 128)
		return false;
	for (uint32_t i = 0; i < wanted.length; i++) {
		bool is_letter =
		    (wanted.at[i] | 0x20) >= 'a' && (wanted.at[i] | 0x20) <= 'z';

		if (term.at[i] != wanted.at[i] &&
		    (!is_letter || (term.at[i] ^ wanted.at[i]) != 0x20))
			return false;
	}
	return term.length == wanted.length || term.at[wanted.length] == '.';
}

static void
read_services(struct text rest, struct index *index)
{
	first = 0;
	for (services_count = 0; rest.length > 0 && services_count < SERVICES_MAX;) {
		struct text line = take(&rest, '\n');
		struct text *fields = services[services_count];
		static struct service_facts facts;
		char id[2];

		for (unsigned field = 0; field < FIELDS; field++)
			fields[field] = take(&line, '\t');
		facts_init(&facts);
		id[0] = 's';
		id[1] = (char)('0' + services_count);
		facts.id = (struct text){ id, 2 };
		facts.is_active = true;
		facts.name = fields[NAME];
		facts.alternate_name = fields[ALTERNATE_NAME];
		facts.agency_name = fields[AGENCY];
		facts.description = fields[DESCRIPTION];
		facts.terms[facts.terms_count++] = fields[TERM];
		facts.points[facts.points_count].lat = fields[NAME].length % 90;
		facts.points[facts.points_count++].lon = fields[AGENCY].length % 90;
		assert(index_put(index, &facts) == STATUS_OK);
		services_count++;
	}
}

static bool
is_hit(const struct search *search, unsigned service)
{
	return has_all_words(services[service], search->q) &&
	       (search->term.length == 0 ||
	           (search->term.length <= 128 &&
	               is_at_or_below(services[service][TERM], search->term)));
}

static unsigned
count_hits(const struct search *search)
{
	unsigned count = 0;

	for (unsigned i = 0; i < services_count; i++)
		count += is_hit(search, i);
	return count;
}

/* Each is found once. */
static void
check_hits(const struct search *search, const struct found *whole)
{
	for (unsigned i = 0; i < services_count; i++) {
		unsigned times = 0;

		for (uint32_t k = 0; k < whole->services_count; k++)
			times += (unsigned)whole->services[k].id.at[1] == '0' + i + first;
		assert(times <= 1 && times >= is_hit(search, i));
	}
}

/* Pages of any size are pieces of one list. */
static void
check_pages(struct index *index, struct search *search, uint32_t most)
{
	static struct found whole, page;
	static struct defects defects;
	unsigned hits = count_hits(search);

	search->most = 50;
	search_run(index, NULL, search, &whole);
	defects.count = 0;
	record_check(&record_found, &whole, &defects);
	assert(defects.count == 0);
	/* Other spellings are found too. */
	assert(whole.total >= hits && whole.total <= services_count);
	assert(whole.services_count == (whole.total < 50 ? whole.total : 50));
	if (whole.total <= 50)
		check_hits(search, &whole);
	search->most = most;
	search->offset = 0;
	do {
		search_run(index, NULL, search, &page);
		assert(page.total == whole.total);
		for (uint32_t i = 0; i < page.services_count && search->offset + i < 50;
		     i++)
			assert(text_equal(
			    page.services[i].id, whole.services[search->offset + i].id));
		search->offset = page.next;
	} while (page.next != UINT_ABSENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, (uint32_t)size };
	struct index *index;
	struct search search;
	uint8_t flags;

	if (size < 1 || size > INPUT_MAX || !text_is_clean(rest))
		return 0;
	index = index_new();
	assert(index != NULL);
	record_init(&record_search, &search);
	flags = data[0];
	rest.at++;
	rest.length--;
	search.q = take(&rest, '\n');
	search.q.length = (uint32_t)text_cut(search.q.at, search.q.length, 200);
	search.term = take(&rest, '\n');
	if (flags & 1)
		search.lat = search.lon = 45;
	read_services(rest, index);
	check_pages(index, &search, 1 + (flags >> 1) % 7);
	if (services_count > 0) {
		assert(index_remove(index, LITERAL("s0")));
		services[0][TERM] = TEXT_ABSENT;
		memmove(
		    services[0], services[1], (services_count - 1) * sizeof *services);
		services_count--;
		first = 1;
		check_pages(index, &search, 50);
	}
	index_free(index);
	return 0;
}
