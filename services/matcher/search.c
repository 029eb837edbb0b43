/* SPDX-License-Identifier: Apache-2.0
 * Finding services by words, term, language and time; nearest first. */
#include "services/matcher/search.h"

#include <math.h>

#include "common/fold.h"
#include "services/matcher/index_private.h"
#include "services/matcher/match_private.h"

/* Services in an answer where the question does not say. */
#define MOST_DEFAULT 20
/* Bytes of the longest question (messages.def). */
#define WORDS_MAX 200

/* A search, read once. */
struct sought {
	const struct search *search;
	struct wanted wanted;             /* its point and language */
	char words[FOLD_ROOM(WORDS_MAX)]; /* each after a space */
	size_t words_length;
};

/* ---- words ---- */

/* What it is worth that a word stands in these words: 0 it does not, 1 as a beginning, 2
 * as a whole.  `word` begins with its space. */
static uint32_t
worth_in(const char *words, size_t length, struct text word)
{
	const char *end = words + length;
	uint32_t worth = 0;

	while ((words = memmem(words, (size_t)(end - words), word.at, word.length))) {
		words += word.length;
		if (words == end || *words == ' ')
			return 2;
		worth = 1;
	}
	return worth;
}

/* The best field decides, then whether the word is whole there. */
static uint32_t
worth_of_word(const struct content *content, struct text word)
{
	uint32_t start = 0;

	for (enum search_field field = 0; field < SEARCH_FIELDS; field++) {
		uint32_t end = content->folded_end[field];
		uint32_t worth = worth_in(content->folded + start, end - start, word);

		if (worth > 0)
			return 2 * (SEARCH_FIELDS - field) + worth;
		start = end;
	}
	return 0;
}

/* The next word with its space; absent at the end. */
static struct text
next_word(const struct sought *sought, size_t *at)
{
	size_t start = *at;

	if (start == sought->words_length)
		return TEXT_ABSENT;
	for (++*at; *at < sought->words_length && sought->words[*at] != ' ';)
		++*at;
	return (struct text){ sought->words + start, (uint32_t)(*at - start) };
}

/* False: a word is missing. */
static bool
has_words(const struct sought *sought, const struct content *content, uint32_t *worth)
{
	struct text word;
	size_t at = 0;

	*worth = 0;
	while ((word = next_word(sought, &at)).at != NULL) {
		uint32_t more = worth_of_word(content, word);

		if (more == 0)
			return false;
		*worth += more;
	}
	return true;
}

/* ---- language ---- */

static bool
speaks(const struct traits *traits, const struct wanted *wanted)
{
	return traits->interpreter == FLAG_YES || wanted_language(wanted, traits) > 0;
}

/* ---- one service ---- */

static bool
is_hit(const struct sought *sought, const struct traits *traits, struct hit *hit)
{
	const struct search *search = sought->search;

	if (!traits->is_active)
		return false;
	if (traits->confidentiality == CONFIDENTIALITY_cleared &&
	    search->cleared != FLAG_YES)
		return false;
	if (search->lang.length > 0 && !speaks(traits, &sought->wanted))
		return false;
	if (search->open_at != TIME_ABSENT &&
	    shared_open_at(traits->more->hours, search->open_at) != FLAG_YES)
		return false;
	hit->service = indexed_of(traits);
	if (!has_words(sought, &hit->service->content, &hit->worth))
		return false;
	hit->distance_km = wanted_distance_km(&sought->wanted, traits->more->facts);
	return true;
}

/* ---- the order ---- */

static int
name_compare(const struct content *one, const struct content *other)
{
	uint32_t a = one->folded_end[SEARCH_NAME], b = other->folded_end[SEARCH_NAME];
	int order = memcmp(one->folded, other->folded, a < b ? a : b);

	return order != 0 ? order : (a > b) - (a < b);
}

static bool
is_better(const struct hit *one, const struct hit *other)
{
	int order;

	if (one->worth != other->worth)
		return one->worth > other->worth;
	order = distance_compare(one->distance_km, other->distance_km);
	if (order == 0)
		order = name_compare(&one->service->content, &other->service->content);
	if (order == 0)
		order = id_compare(
		    indexed_facts(one->service), indexed_facts(other->service));
	return order < 0;
}

/* A heap whose first is its worst: gives way to what is better. */
static void
sift_down(struct hit *hits, size_t count, struct hit hit)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count && is_better(&hits[child], &hits[child + 1]))
			child++;
		if (!is_better(&hit, &hits[child]))
			break;
		hits[at] = hits[child];
		at = child;
	}
	hits[at] = hit;
}

static void
sift_up(struct hit *hits, size_t at, struct hit hit)
{
	while (at > 0 && is_better(&hits[(at - 1) / 2], &hit)) {
		hits[at] = hits[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	hits[at] = hit;
}

/* ---- the answer ---- */

/* The best `most` of all hits, in a heap. */
struct gathered {
	struct hit *hits;
	size_t count, most;
	uint32_t total;
};

static void
gather(
    struct gathered *gathered, const struct sought *sought, const struct traits *traits)
{
	struct hit hit;

	if (!is_hit(sought, traits, &hit))
		return;
	gathered->total++;
	if (gathered->count < gathered->most)
		sift_up(gathered->hits, gathered->count++, hit);
	else if (gathered->most > 0 && is_better(&hit, &gathered->hits[0]))
		sift_down(gathered->hits, gathered->count, hit);
}

static void
gather_all(
    struct gathered *gathered, const struct sought *sought, const struct index *index)
{
	struct offers offers;
	const struct traits *traits;
	unsigned levels;

	if (sought->search->term.length == 0) {
		for (uint32_t i = 0; i < index->all.count; i++)
			gather(gathered, sought, &index->all.at[i]);
		return;
	}
	offers_open(&offers, index, sought->search->term);
	while ((traits = offers_next(&offers, &levels)) != NULL && levels == 0)
		gather(gathered, sought, traits);
}

/* The worst goes to the end, again and again. */
static void
sort(struct gathered *gathered)
{
	for (size_t left = gathered->count; left > 1; left--) {
		struct hit last = gathered->hits[left - 1];

		gathered->hits[left - 1] = gathered->hits[0];
		sift_down(gathered->hits, left - 1, last);
	}
}

static void
write_brief(struct service_brief *brief, const struct hit *hit)
{
	const struct service_facts *facts = indexed_facts(hit->service);

	record_init(&record_service_brief, brief);
	brief->id = facts->id;
	brief->name = text_for_message(facts->name, INDEX_NAME_MAX);
	brief->agency = text_for_message(facts->agency, INDEX_ID_MAX);
	if (facts->agency_name.at != NULL)
		brief->agency_name = text_for_message(facts->agency_name, INDEX_NAME_MAX);
	for (uint32_t i = 0; i < facts->terms_count; i++)
		if (facts->terms[i].length <= INDEX_TERM_MAX)
			brief->terms[brief->terms_count++] = facts->terms[i];
	brief->distance_km = hit->distance_km;
}

static void
read_search(struct sought *sought, const struct search *search)
{
	struct text words = search->q;

	*sought = (struct sought){ .search = search };
	if (words.length > WORDS_MAX)
		words.length = WORDS_MAX;
	sought->words_length = fold(words, sought->words, sizeof sought->words);
	sought->wanted.lat = isnan(search->lon) ? NAN : search->lat;
	sought->wanted.lon = search->lon;
	sought->wanted.languages[0] = language_number(search->lang);
	sought->wanted.languages_count = 1;
}

void
search_run(const struct index *index, const struct search *search, struct found *found)
{
	size_t offset = search->offset == UINT_ABSENT ? 0 : search->offset;
	size_t most = search->most == UINT_ABSENT ? MOST_DEFAULT : search->most;
	size_t room = sizeof found->services / sizeof *found->services;
	struct gathered gathered = { .hits = index->hits };
	struct sought sought;

	if (most > room)
		most = room;
	gathered.most =
	    offset + most < index->all.count ? offset + most : index->all.count;
	read_search(&sought, search);
	gather_all(&gathered, &sought, index);
	sort(&gathered);
	record_init(&record_found, found);
	for (size_t i = offset; i < gathered.count; i++)
		write_brief(&found->services[found->services_count++], &gathered.hits[i]);
	found->total = gathered.total;
	if (offset + found->services_count < gathered.total)
		found->next = (uint32_t)(offset + found->services_count);
}
