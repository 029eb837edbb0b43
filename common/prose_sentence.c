/* SPDX-License-Identifier: Apache-2.0
 * Words of a sentence, and what they mean together. */
#include "common/prose_sentence.h"

#include <math.h>

#include "common/prose_text.h"
#include "common/prose_vocabulary.h"

#define YEARS_MOST 120
#define MONTHS_MOST 60
#define GROWN_UP 16
/* Words of a place's name before "resident". */
#define PLACE_WORDS 4

struct reader {
	const struct eligibility_item *at;
	struct sentence *sentence;
	bool is_open, has_family, has_or;
	bool is_of_age; /* a word says that numbers are ages */
};

/* ---- ages ---- */

static bool
take(struct reader *reader, enum eligibility_kind kind)
{
	if (reader->at->kind != kind)
		return false;
	reader->at++;
	return true;
}

/* A number with its unit; 0: none follows, 1 year, 12 months. */
static bool
read_number(struct reader *reader, double *number, int *unit)
{
	while (take(reader, KIND_AGE))
		reader->is_of_age = true;
	if (reader->at->kind != KIND_NUMBER)
		return false;
	*number = reader->at++->value;
	*unit = take(reader, KIND_YEARS) ? 1 : take(reader, KIND_MONTHS) ? 12 : 0;
	reader->is_of_age = reader->is_of_age || *unit != 0;
	return true;
}

static bool
set_age(struct reader *reader, double least, double most)
{
	struct sentence *sentence = reader->sentence;

	if (sentence->has_age || least >= most || least > YEARS_MOST || most > YEARS_MOST)
		return false;
	sentence->has_age = true;
	sentence->least = least;
	sentence->most = most;
	return true;
}

/* "6 to 18", "3 months-4 years", "6-18 months", at the "to". */
static bool
read_end(struct reader *reader, double least, int unit)
{
	double most;
	int end_unit;

	reader->at++;
	if (!read_number(reader, &most, &end_unit))
		return false;
	if (end_unit == 0)
		end_unit = 1;
	if (unit == 0)
		unit = end_unit;
	if (most > (end_unit == 12 ? MONTHS_MOST : YEARS_MOST))
		return false;
	return set_age(reader, least / unit, most / end_unit);
}

/* Where an age begins with its number. */
static bool
take_number(struct reader *reader)
{
	double number;
	int unit;

	if (!read_number(reader, &number, &unit))
		return false;
	if (reader->at->kind == KIND_DASH || reader->at->kind == KIND_TO)
		return read_end(reader, number, unit);
	unit = unit == 0 ? 1 : unit;
	if (number > (unit == 12 ? MONTHS_MOST : YEARS_MOST))
		return false;
	if (reader->at->kind == KIND_UP || reader->at->kind == KIND_DOWN)
		reader->is_of_age = reader->is_of_age || reader->at->value == 1;
	if (take(reader, KIND_UP))
		return set_age(reader, number / unit, NAN);
	if (take(reader, KIND_DOWN))
		return set_age(reader, NAN, number / unit);
	return false;
}

/* "over 18", "under 5", "up to 3", "від 18 років", "до 3 лет". */
static bool
take_bound(struct reader *reader)
{
	enum eligibility_kind bound = reader->at++->kind;
	double number;
	int unit;

	if (bound == KIND_FROM && reader->at->kind == KIND_BIRTH)
		return true;
	if (!read_number(reader, &number, &unit))
		return false;
	if (bound == KIND_FROM &&
	    (reader->at->kind == KIND_TO || reader->at->kind == KIND_DASH ||
	        reader->at->kind == KIND_AND)) /* "between 6 and 18" */
		return read_end(reader, number, unit);
	if ((bound == KIND_FROM || bound == KIND_TO) && unit == 0)
		return false;
	unit = unit == 0 ? 1 : unit;
	if (number > (unit == 12 ? MONTHS_MOST : YEARS_MOST))
		return false;
	if (bound == KIND_OVER || bound == KIND_FROM)
		return set_age(reader, number / unit, NAN);
	if (bound == KIND_UNDER && unit == 1 && number > 1)
		number--; /* completed years */
	return set_age(reader, NAN, number / unit);
}

static bool
take_birth(struct reader *reader)
{
	reader->at++;
	reader->is_of_age = true;
	if (reader->at->kind != KIND_TO && reader->at->kind != KIND_DASH)
		return false;
	return read_end(reader, 0, 1);
}

/* ---- the rest ---- */

/* "San Mateo County residents", at the first word; "residents of Pacifica", behind it. */
static bool
take_place(struct reader *reader)
{
	int words = 0;

	reader->sentence->has_more = true;
	while (take(reader, KIND_STRANGE))
		words++;
	return words <= PLACE_WORDS && take(reader, KIND_RESIDENT);
}

static bool
take_resident(struct reader *reader)
{
	int words = 0;

	reader->sentence->has_more = true;
	reader->at++;
	if (!take(reader, KIND_OF))
		return true;
	while (take(reader, KIND_STRANGE))
		words++;
	return words > 0 ? words <= PLACE_WORDS : reader->at->kind == KIND_NARROW;
}

static bool
take_codes(struct reader *reader)
{
	static const enum code_set SETS[] = { CODE_SET_household_type,
		CODE_SET_displacement, CODE_SET_difficulty };
	enum code_set set = SETS[reader->at->kind - KIND_HOUSEHOLD];

	if (reader->sentence->codes != 0 && reader->sentence->set != set)
		return false;
	reader->sentence->set = set;
	reader->sentence->codes |= reader->at++->value;
	return true;
}

static bool
take_other(struct reader *reader)
{
	struct sentence *sentence = reader->sentence;
	enum eligibility_kind kind = reader->at->kind;

	reader->has_family = reader->has_family || kind == KIND_FAMILY;
	reader->has_or = reader->has_or || kind == KIND_OR;
	reader->is_open = reader->is_open || kind == KIND_OPEN;
	reader->is_of_age = reader->is_of_age || kind == KIND_AGE || kind == KIND_GROUP;
	sentence->has_more =
	    sentence->has_more || kind == KIND_NARROW || kind == KIND_HARMLESS;
	if (kind == KIND_GROUP)
		sentence->groups |= reader->at->value;
	reader->at++;
	return true;
}

static bool
take_any(struct reader *reader)
{
	static bool (*const TAKES[])(struct reader *) = {
		[KIND_FILLER] = take_other,
		[KIND_FAMILY] = take_other,
		[KIND_AGE] = take_other,
		[KIND_OVER] = take_bound,
		[KIND_UNDER] = take_bound,
		[KIND_UP_TO] = take_bound,
		[KIND_FROM] = take_bound,
		[KIND_TO] = take_bound,
		[KIND_BIRTH] = take_birth,
		[KIND_GROUP] = take_other,
		[KIND_RESIDENT] = take_resident,
		[KIND_AND] = take_other,
		[KIND_OR] = take_other,
		[KIND_NARROW] = take_other,
		[KIND_OPEN] = take_other,
		[KIND_HARMLESS] = take_other,
		[KIND_HOUSEHOLD] = take_codes,
		[KIND_DISPLACEMENT] = take_codes,
		[KIND_DIFFICULTY] = take_codes,
		[KIND_NUMBER] = take_number,
		[KIND_COMMA] = take_other,
		[KIND_STRANGE] = take_place,
	};

	return TAKES[reader->at->kind] != NULL && TAKES[reader->at->kind](reader);
}

/* "3-12" may be grades or hours; "18+" and "over 65" are ages all the same. */
static bool
are_ages(const struct reader *reader)
{
	const struct sentence *sentence = reader->sentence;

	return !sentence->has_age || reader->is_of_age ||
	       (isnan(sentence->most) && sentence->least >= GROWN_UP) ||
	       (isnan(sentence->least) && sentence->most >= GROWN_UP);
}

/* Whether what was said goes together. */
static bool
is_one_thing(const struct reader *reader)
{
	const struct sentence *sentence = reader->sentence;
	bool has_codes = sentence->codes != 0;

	if (!are_ages(reader))
		return false;
	if (reader->has_family && !has_codes)
		return false;
	if (has_codes && (sentence->has_age || sentence->groups != 0))
		return false;
	/* "Age 62 or over, or disabled": only alike things may be joined so. */
	return !reader->has_or ||
	       (!sentence->has_more && (has_codes || sentence->groups != 0));
}

void
sentence_read(struct text text, struct sentence *sentence)
{
	struct prose_text folded;
	struct eligibility_items items;
	struct reader reader = { .at = items.list, .sentence = sentence };

	*sentence = (struct sentence){ .least = NAN, .most = NAN };
	if (!prose_fold(text, &folded) || !eligibility_items_read(folded.bytes, &items))
		return;
	while (reader.at->kind != KIND_END)
		if (!take_any(&reader))
			return;
	if (reader.is_open)
		sentence->class = sentence->has_age || sentence->codes != 0 ||
		                          sentence->has_more || sentence->groups != 0 ||
		                          reader.has_family || reader.has_or
		                      ? SENTENCE_UNCLEAR
		                      : SENTENCE_OPEN;
	else if (is_one_thing(&reader))
		sentence->class = SENTENCE_CLEAR;
}
