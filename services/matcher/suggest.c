/* SPDX-License-Identifier: Apache-2.0
 * How unlike words are, and the terms whose names are the least. */
#include "services/matcher/suggest.h"

#include "common/fold.h"
#include "services/matcher/spell.h"

/* Of what was typed, as messages limit a term and the words of a question. */
#define TYPED_BYTES 200
#define WORDS_MAX 8
/* Letters of a word from which on one and two may differ. */
#define ONE_MIN 4
#define TWO_MIN 8
/* Letters that are compared. */
#define LETTERS_MAX SPELL_SOUNDS_MAX
/* How unlike a word is that has nothing of another. */
#define STRANGER 100
/* What a word that is not like any counts, beside a letter that differs. */
#define WORD_MISSING 40

struct spelled {
	struct text text, stem;
	uint8_t letters[SPELL_WORD_MAX], sounds[SPELL_SOUNDS_MAX];
	uint32_t letters_count, sounds_count;
};

static void
spell(struct text text, struct spelled *word)
{
	word->text = text;
	word->stem = (struct text){ text.at, spell_stem(text) };
	word->letters_count = spell_letters(text, word->letters);
	word->sounds_count = spell_sounds(text, word->sounds);
}

/* ---- words ---- */

static uint32_t
least(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

static uint32_t
errors_of(uint32_t letters)
{
	return letters < ONE_MIN ? 0 : letters < TWO_MIN ? 1 : 2;
}

/* Letters that were replaced, left out, added, or exchanged with the next. */
static uint32_t
distance(
    const uint8_t *one, uint32_t one_count, const uint8_t *other, uint32_t other_count)
{
	uint32_t rows[3][LETTERS_MAX + 1];

	for (uint32_t k = 0; k <= other_count; k++)
		rows[0][k] = k;
	for (uint32_t i = 1; i <= one_count; i++) {
		uint32_t *now = rows[i % 3];
		const uint32_t *before = rows[(i - 1) % 3], *twice = rows[(i + 1) % 3];

		now[0] = i;
		for (uint32_t k = 1; k <= other_count; k++) {
			uint32_t differs = one[i - 1] != other[k - 1];

			now[k] = least(
			    before[k - 1] + differs, 1 + least(before[k], now[k - 1]));
			if (i > 1 && k > 1 && one[i - 1] == other[k - 2] &&
			    one[i - 2] == other[k - 1])
				now[k] = least(now[k], twice[k - 2] + 1);
		}
	}
	return rows[one_count % 3][other_count];
}

/* STRANGER where more differs than may. */
static uint32_t
unlike(const uint8_t *one, uint32_t one_count, const uint8_t *other, uint32_t other_count)
{
	uint32_t most = errors_of(one_count);
	uint32_t apart =
	    one_count > other_count ? one_count - other_count : other_count - one_count;
	uint32_t found;

	if (apart > most || one_count > LETTERS_MAX || other_count > LETTERS_MAX)
		return STRANGER;
	found = distance(one, one_count, other, other_count);
	return found <= most ? found : STRANGER;
}

static bool
begins(struct text word, struct text beginning, uint32_t letters_min)
{
	return word.length >= beginning.length &&
	       memcmp(word.at, beginning.at, beginning.length) == 0 &&
	       spell_count(beginning) >= letters_min;
}

static uint32_t
compare(const struct spelled *typed, const struct spelled *word)
{
	uint32_t by_letters, by_sounds;

	if (text_equal(typed->text, word->text))
		return 0;
	if (text_equal(typed->stem, word->stem))
		return 1;
	if (begins(word->text, typed->text, 3) || begins(typed->text, word->text, 5))
		return 2;
	by_letters = unlike(
	    typed->letters, typed->letters_count, word->letters, word->letters_count);
	by_sounds =
	    unlike(typed->sounds, typed->sounds_count, word->sounds, word->sounds_count);
	return least(by_letters == STRANGER ? STRANGER : 3 * by_letters,
	    by_sounds == STRANGER ? STRANGER : 2 + 3 * by_sounds);
}

/* ---- names ---- */

struct guess {
	struct spelled words[WORDS_MAX];
	uint32_t words_count;
	uint32_t best[WORDS_MAX]; /* how unlike the likest word of a name is to each */
	struct suggestion now;    /* the term that is looked at */
	struct suggestion *found;
	uint32_t count;
};

/* A word of a folded text; absent at its end. */
static struct text
next_word(struct text folded, uint32_t *at)
{
	uint32_t start = *at + 1;

	if (start >= folded.length)
		return TEXT_ABSENT;
	for (*at = start; *at < folded.length && folded.at[*at] != ' ';)
		++*at;
	return (struct text){ folded.at + start, *at - start };
}

static uint32_t
sum_up(const struct guess *guess, uint32_t name_words)
{
	uint32_t sum = 0, met = 0;

	for (uint32_t i = 0; i < guess->words_count; i++) {
		met += guess->best[i] != STRANGER;
		sum += guess->best[i] == STRANGER ? WORD_MISSING : 4 * guess->best[i];
	}
	if (met == 0 || 2 * met < guess->words_count)
		return UINT32_MAX;
	return sum + (name_words > met ? name_words - met : 0);
}

/* `name` absent: it is the code's words that are looked at. */
static void
look_at(struct guess *guess, struct text name, struct text folded)
{
	uint32_t at = 0, words = 0, sum;
	struct text text;

	for (uint32_t i = 0; i < guess->words_count; i++)
		guess->best[i] = STRANGER;
	while ((text = next_word(folded, &at)).at != NULL) {
		struct spelled word;

		words++;
		spell(text, &word);
		for (uint32_t i = 0; i < guess->words_count; i++)
			guess->best[i] =
			    least(guess->best[i], compare(&guess->words[i], &word));
	}
	sum = sum_up(guess, words);
	if (sum < guess->now.unlike) {
		guess->now.unlike = sum;
		guess->now.name = name;
	}
}

static void
on_name(void *self, struct text lang, struct text name, struct text folded)
{
	(void)lang;
	look_at(self, name, folded);
}

/* ---- terms ---- */

static bool
is_likelier(const struct suggestion *one, const struct suggestion *other)
{
	struct term_view a, b;
	int order;

	if (one->unlike != other->unlike)
		return one->unlike < other->unlike;
	taxonomy_term_view(one->term, TEXT_ABSENT, &a);
	taxonomy_term_view(other->term, TEXT_ABSENT, &b);
	order = memcmp(a.code.at, b.code.at, least(a.code.length, b.code.length));
	return order != 0 ? order < 0 : a.code.length < b.code.length;
}

static void
on_term(void *self, const struct taxonomy_term *term)
{
	struct guess *guess = self;
	struct suggestion *found = guess->found;
	char folded[FOLD_ROOM(TAXONOMY_CODE_MAX)];
	struct term_view view;
	uint32_t at;

	guess->now = (struct suggestion){ term, TEXT_ABSENT, UINT32_MAX };
	taxonomy_term_view(term, TEXT_ABSENT, &view);
	look_at(guess, TEXT_ABSENT,
	    (struct text){ folded, (uint32_t)fold(view.code, folded, sizeof folded) });
	taxonomy_term_names(term, on_name, guess);
	if (guess->now.unlike == UINT32_MAX)
		return;
	at = guess->count;
	if (at < SUGGESTIONS_MAX)
		guess->count++;
	else if (!is_likelier(&guess->now, &found[--at]))
		return;
	for (; at > 0 && is_likelier(&guess->now, &found[at - 1]); at--)
		found[at] = found[at - 1];
	found[at] = guess->now;
}

static uint32_t
look_for(const struct taxonomies *taxonomies, struct text taxonomy, struct text typed,
    struct suggestion found[SUGGESTIONS_MAX])
{
	char buffer[FOLD_ROOM(2 * TYPED_BYTES)];
	struct text folded = { buffer, (uint32_t)fold(typed, buffer, sizeof buffer) };
	struct guess guess = { .found = found };
	struct text word;
	uint32_t at = 0;

	while (
	    guess.words_count < WORDS_MAX && (word = next_word(folded, &at)).at != NULL)
		spell(word, &guess.words[guess.words_count++]);
	if (guess.words_count > 0)
		taxonomies_each(taxonomies, taxonomy, on_term, &guess);
	return guess.count;
}

uint32_t
suggest_terms(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text typed, struct suggestion found[SUGGESTIONS_MAX])
{
	char switched[2 * TYPED_BYTES];
	uint32_t count = look_for(taxonomies, taxonomy, typed, found);
	size_t length;

	if (count > 0)
		return count;
	length = spell_switch(typed, switched, sizeof switched);
	return look_for(
	    taxonomies, taxonomy, (struct text){ switched, (uint32_t)length }, found);
}

uint32_t
suggest_briefs(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text typed, struct term_brief shown[SUGGESTIONS_MAX])
{
	struct suggestion found[SUGGESTIONS_MAX];
	uint32_t count =
	    taxonomies != NULL ? suggest_terms(taxonomies, taxonomy, typed, found) : 0;

	for (uint32_t i = 0; i < count; i++) {
		struct term_view view;

		taxonomy_term_view(found[i].term, TEXT_ABSENT, &view);
		record_init(&record_term_brief, &shown[i]);
		shown[i].taxonomy = view.taxonomy;
		shown[i].code = view.code;
		shown[i].name = found[i].name.at ? found[i].name : view.name;
		shown[i].parent = view.parent;
	}
	return count;
}

void
suggest_reason(const struct taxonomies *taxonomies, struct text code, enum reason *reason)
{
	if (*reason == reason_no_service && taxonomies != NULL &&
	    taxonomies_count_terms(taxonomies) > 0 &&
	    !taxonomies_has_code(taxonomies, code))
		*reason = reason_unknown_term;
}
