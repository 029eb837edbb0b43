/* SPDX-License-Identifier: Apache-2.0
 * Finding services by words, term, place, language and time. */
#include "services/matcher/search.h"

#include <math.h>

#include "common/fold.h"
#include "services/matcher/rank.h"
#include "services/matcher/seek.h"

/* Services in an answer where the question does not say. */
#define MOST_DEFAULT 20
/* Words are looked for with errors where fewer are found without. */
#define FEW 10

/* What a name that is the question is worth more, and one that begins with it, which has each word
 * as well as can be: it takes no more than TERSE_MOST to be before the others. */
#define FAVOUR_WHOLE (2 * FAVOUR_BEGINNING)
#define FAVOUR_BEGINNING (TERSE_MOST + 1)

/* A search, read once. */
struct sought {
	const struct search *search;
	bool is_filtered;     /* by more than words */
	struct wanted wanted; /* its point and language */
	struct offers offers; /* of its term */
	const struct places *places;
	place_id place;       /* PLACE_NONE: only its code is known */
	bool is_terse;        /* of what is found by words the shorter name comes first */
	bool is_placed;       /* it asks for what is near a point */
	struct text question; /* as it is taken to be meant */
	struct seek seek;
};

static void
read_question(struct sought *sought, struct text question)
{
	sought->question = question;
	seek_read(&sought->seek, question);
}

/* ---- language and time ---- */

static bool
speaks(const struct traits *traits, const struct wanted *wanted)
{
	return traits->interpreter == FLAG_YES || wanted_language(wanted, traits) > 0;
}

/* ---- one service ---- */

static bool
serves(const struct sought *sought, const struct kept_facts *facts)
{
	for (uint32_t i = 0; i < facts->areas->count; i++) {
		if (place_within(facts->areas->at[i], sought->search->place))
			return true;
		if (sought->place != PLACE_NONE &&
		    places_within(sought->places,
		        places_find(sought->places, facts->areas->at[i]), sought->place))
			return true;
	}
	return false;
}

/* Whether nothing but the words speaks against it. */
static bool
passes(const struct sought *sought, const struct traits *traits)
{
	const struct search *search = sought->search;
	const struct kept_facts *facts;

	if (!traits->is_active || (traits->confidentiality == CONFIDENTIALITY_cleared &&
	                              search->cleared != FLAG_YES))
		return false;
	if (search->lang.length > 0 && !speaks(traits, &sought->wanted))
		return false;
	if (search->open_at != TIME_ABSENT &&
	    shared_open_at(traits->more->hours, search->open_at) != FLAG_YES)
		return false;
	if (search->term.length > 0 &&
	    !offers_hold(&sought->offers, &indexed_of(traits)->content))
		return false;
	facts = traits->more->facts;
	return (search->agency.length == 0 ||
	           text_equal(facts->agency, search->agency)) &&
	       (search->place.length == 0 || serves(sought, facts)) &&
	       (isnan(search->within_km) ||
	           wanted_distance_km(&sought->wanted, traits) <= search->within_km);
}

/* ---- all services ---- */

/* Those that fit, counted, and the best of them. */
struct gathered {
	struct ranking ranking;
	uint32_t total;
};

static void
favour_terse(const uint8_t *restrict terse, uint16_t worths[restrict TALLY_BLOCK])
{
	for (uint32_t i = 0; i < TALLY_BLOCK; i++) {
		uint16_t found = (uint16_t) - (worths[i] > 0);

		worths[i] = (uint16_t)(worths[i] + (terse[i] & found));
	}
}

/* Takes those of a block that are worth something and fit. */
static void
gather_block(struct gathered *gathered, const struct sought *sought, uint32_t block,
    uint16_t worths[TALLY_BLOCK])
{
	const struct numbers *numbers = gathered->ranking.numbers;
	const struct indexed **service = numbers->service + (size_t)block * TALLY_BLOCK;
	uint16_t count = 0;

	for (uint32_t i = 0; i < TALLY_BLOCK && sought->is_filtered; i++)
		if (worths[i] > 0 && !passes(sought, &service[i]->traits))
			worths[i] = 0;
	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		count = (uint16_t)(count + (worths[i] > 0));
	gathered->total += count;
	if (sought->is_terse)
		favour_terse(numbers->terse + (size_t)block * TALLY_BLOCK, worths);
	if (count > 0)
		ranking_add_block(&gathered->ranking, block, worths);
}

static void
gather_all(
    struct gathered *gathered, const struct sought *sought, const struct index *index)
{
	const struct numbers *numbers = &index->numbers;
	enum seen other =
	    sought->search->cleared == FLAG_YES ? SEEN_BY_CLEARED : SEEN_BY_ALL;

	for (uint32_t block = 0; block < numbers_blocks(numbers); block++) {
		const uint8_t *seen = numbers->seen + (size_t)block * TALLY_BLOCK;
		uint16_t worths[TALLY_BLOCK];

		for (uint32_t i = 0; i < TALLY_BLOCK; i++)
			worths[i] = (seen[i] == SEEN_BY_ALL) | (seen[i] == other);
		gather_block(gathered, sought, block, worths);
	}
}

static void
gather_term(struct gathered *gathered, const struct sought *sought)
{
	struct offers offers = sought->offers;
	const struct traits *traits;
	unsigned levels;

	while ((traits = offers_next(&offers, &levels)) != NULL && levels == 0)
		if (passes(sought, traits)) {
			gathered->total++;
			ranking_add(&gathered->ranking, indexed_of(traits)->number, 0);
		}
}

/* What the ranks of names from one to another are worth more. */
static void
favour(const struct numbers *numbers, int32_t from, int32_t to, uint16_t more)
{
	for (int32_t i = from; i < to; i++) {
		uint16_t *worth = &numbers->tallies.worth[numbers->names.order[i]];

		*worth = (uint16_t)(*worth + (*worth > 0 ? more : 0));
	}
}

/* Who asks for what is near wants to hear of it before what is called nearly so. */
static void
favour_names(const struct sought *sought, const struct numbers *numbers)
{
	char folded[FOLD_ROOM(2 * SEEK_QUESTION_MAX)];
	struct text name = { folded,
		(uint32_t)fold(sought->question, folded, sizeof folded) };
	struct name_range range = names_find(numbers, name);

	favour(numbers, range.first, range.longer, FAVOUR_WHOLE);
	if (!sought->is_placed)
		favour(numbers, range.longer, range.end, FAVOUR_BEGINNING);
}

/* Those that have all words; forgets what was gathered before. */
static void
gather_words(struct gathered *gathered, struct sought *sought, struct index *index,
    unsigned errors_most)
{
	uint32_t count = seek_run(
	    index, &sought->seek, sought->search->cleared == FLAG_YES, errors_most);
	const struct tallies *tallies = &index->numbers.tallies;

	gathered->ranking.count = gathered->total = 0;
	favour_names(sought, &index->numbers);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t block = tallies->blocks[i];

		gather_block(gathered, sought, block,
		    tallies->worth + (size_t)block * TALLY_BLOCK);
	}
}

/* As it is written; where nothing is, as the same keys are in the other language; with an
 * error where little is, with two where even so nothing is. */
static void
gather_however_written(
    struct gathered *gathered, struct sought *sought, struct index *index)
{
	char keys[2 * SEEK_QUESTION_MAX];
	struct text switched = { keys, 0 };

	gather_words(gathered, sought, index, 0);
	if (gathered->total == 0) {
		switched.length =
		    (uint32_t)spell_switch(sought->search->q, keys, sizeof keys);
		read_question(sought, switched);
		gather_words(gathered, sought, index, 0);
	}
	if (gathered->total == 0)
		read_question(sought, sought->search->q);
	if (gathered->total < FEW)
		gather_words(gathered, sought, index, 1);
	if (gathered->total == 0)
		gather_words(gathered, sought, index, 2);
}

static void
write_brief(struct service_brief *brief, const struct hit *hit)
{
	const struct kept_facts *facts = indexed_facts(hit->service);

	record_init(&record_service_brief, brief);
	brief->id = facts->id;
	brief->name = text_for_message(facts->name, INDEX_NAME_MAX);
	brief->agency = text_for_message(facts->agency, INDEX_ID_MAX);
	if (facts->agency_name->count > 0)
		brief->agency_name =
		    text_for_message(facts->agency_name->at[0], INDEX_NAME_MAX);
	for (uint32_t i = 0; i < facts->terms->count; i++)
		if (facts->terms->at[i].length <= INDEX_TERM_MAX)
			brief->terms[brief->terms_count++] = facts->terms->at[i];
	brief->distance_km = hit->distance_km;
}

static void
read_search(struct sought *sought, const struct index *index, const struct places *places,
    const struct search *search)
{
	sought->search = search;
	sought->places = places;
	sought->place = places == NULL || search->place.length == 0
	                    ? PLACE_NONE
	                    : places_find(places, search->place);
	sought->wanted = (struct wanted){ .lat = isnan(search->lon) ? NAN : search->lat };
	sought->wanted.lon = search->lon;
	sought->wanted.languages[0] = language_number(search->lang);
	sought->wanted.languages_count = 1;
	sought->is_filtered = search->lang.length > 0 || search->term.length > 0 ||
	                      search->open_at != TIME_ABSENT ||
	                      search->agency.length > 0 || search->place.length > 0 ||
	                      !isnan(search->within_km);
	sought->is_placed = !isnan(sought->wanted.lat) && !isnan(sought->wanted.lon);
	offers_open(&sought->offers, index, search->term);
	read_question(sought, search->q);
	sought->is_terse = sought->seek.count > 0 && !sought->is_placed;
}

void
search_run(struct index *index, const struct places *places, const struct search *search,
    struct found *found)
{
	size_t offset = search->offset == UINT_ABSENT ? 0 : search->offset;
	size_t most = search->most == UINT_ABSENT ? MOST_DEFAULT : search->most;
	size_t room = sizeof found->services / sizeof *found->services;
	struct gathered gathered = { .total = 0 };
	struct sought sought;

	if (most > room)
		most = room;
	names_settle(&index->numbers);
	read_search(&sought, index, places, search);
	ranking_open(&gathered.ranking, &index->numbers, &sought.wanted, offset + most);
	if (sought.seek.count > 0)
		gather_however_written(&gathered, &sought, index);
	else if (search->term.length > 0)
		gather_term(&gathered, &sought);
	else
		gather_all(&gathered, &sought, index);
	ranking_sort(&gathered.ranking);
	record_init(&record_found, found);
	for (size_t i = offset; i < gathered.ranking.count; i++)
		write_brief(
		    &found->services[found->services_count++], &gathered.ranking.hits[i]);
	found->total = gathered.total;
	if (offset + found->services_count < gathered.total)
		found->next = (uint32_t)(offset + found->services_count);
}

void
search_each(struct index *index, const struct places *places, const struct search *search,
    search_each_hit *each, void *self)
{
	bool is_cleared = search->cleared == FLAG_YES;
	const struct tallies *tallies = &index->numbers.tallies;
	struct sought sought;
	uint32_t count;

	read_search(&sought, index, places, search);
	if (sought.seek.count == 0) {
		for (uint32_t i = 0; i < index->all.count; i++)
			if (passes(&sought, &index->all.at[i]->traits))
				each(self, indexed_facts(index->all.at[i]));
		return;
	}
	count = seek_run(index, &sought.seek, is_cleared, 0);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = tallies->blocks[i] * TALLY_BLOCK;

		for (uint32_t k = first; k < first + TALLY_BLOCK; k++)
			if (tallies->worth[k] > 0)
				each(self, indexed_facts(index->numbers.service[k]));
	}
}
