/* SPDX-License-Identifier: Apache-2.0
 * Sorted words: beginnings, and nearly alike ones against reading all of them. */
#include <stdlib.h>

#include "services/matcher/order.h"
#include "tests/unit/matcher_fixture.h"

#define WORDS_MAX 400

static char words[WORDS_MAX][16];
static uint32_t count;
static struct order order;
static uint64_t state = 7;

static struct text
bytes_of(const void *self, uint32_t word)
{
	(void)self;
	return text_of(words[word]);
}

static int
start(void **unused)
{
	(void)unused;
	order = (struct order){ .bytes = bytes_of };
	count = 0;
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	order_free(&order);
	return 0;
}

static unsigned
draw(unsigned most)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33) % most;
}

static void
draw_word(char *word, unsigned most)
{
	unsigned length = 1 + draw(most);

	for (unsigned i = 0; i < length; i++)
		word[i] = (char)('a' + draw(3));
	word[length] = '\0';
}

static void
add(const char *word)
{
	assert_true(order_reserve(&order));
	strcpy(words[count], word);
	order_add(&order, count++);
}

static void
assert_sorted(void)
{
	for (uint32_t i = 0; i < order.count; i++) {
		const char *word = words[order.at[i].word];
		uint32_t shared = 0;

		if (i > 0) {
			const char *before = words[order.at[i - 1].word];

			assert_true(strcmp(before, word) <= 0);
			while (before[shared] != '\0' && before[shared] == word[shared])
				shared++;
		}
		assert_int_equal(order.shared[i], shared);
	}
}

static void
words_stay_in_order_however_they_come(void **unused)
{
	(void)unused;
	order_settle(&order);
	for (unsigned i = 0; i < WORDS_MAX; i++) {
		char word[16];

		draw_word(word, 14);
		add(word);
		if (draw(9) == 0) {
			order_settle(&order);
			assert_int_equal(order.count, count);
			assert_sorted();
		}
	}
}

static bool
is_even(const void *self, uint32_t word)
{
	(void)self;
	return word % 2 == 0;
}

static void
what_is_not_to_stay_is_taken_out(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 99; i++) {
		char word[16];

		draw_word(word, 14);
		add(word);
	}
	order_keep(&order, is_even);
	assert_int_equal(order.count, 50);
	assert_sorted();
	for (uint32_t i = 0; i < order.count; i++)
		assert_true(is_even(NULL, order.at[i].word));
}

static void
beginnings_lie_side_by_side(void **unused)
{
	struct order_range range;

	(void)unused;
	add("b");
	add("ba");
	add("a");
	add("bab");
	add("c");
	add("ba");
	order_settle(&order);
	range = order_find(&order, LITERAL("ba"));
	assert_int_equal(range.first, 2);
	assert_int_equal(range.end, 5);
	range = order_whole(&order, range, 2);
	assert_int_equal(range.first, 2);
	assert_int_equal(range.end, 4);
	range = order_find(&order, LITERAL("bb"));
	assert_int_equal(range.first, range.end);
	range = order_find(&order, LITERAL(""));
	assert_int_equal(range.end - range.first, 6);
}

/* ---- nearly alike ---- */

static unsigned
least(unsigned one, unsigned other)
{
	return one < other ? one : other;
}

/* Edits between the texts, or a beginning of the first and the second, not two of them in the
 * second's first letters: the plain table. */
static unsigned
edits_between(const char *one, const char *other, bool is_beginning)
{
	size_t rows = strlen(one), columns = strlen(other);
	unsigned table[20][20], best = 99;

	for (size_t i = 0; i <= rows; i++)
		for (size_t k = 0; k <= columns; k++) {
			unsigned *at = &table[i][k];

			*at = i == 0 ? (unsigned)k : k == 0 ? (unsigned)i : 99;
			if (i == 0 || k == 0) {
				*at = *at < 2 ? *at : 99;
				continue;
			}
			*at = least(*at, table[i - 1][k] + 1);
			*at = least(*at, table[i][k - 1] + 1);
			*at = least(
			    *at, table[i - 1][k - 1] + (one[i - 1] != other[k - 1]));
			if (i > 1 && k > 1 && one[i - 1] == other[k - 2] &&
			    one[i - 2] == other[k - 1])
				*at = least(*at, table[i - 2][k - 2] + 1);
			if (k <= ORDER_EARLY && *at == 2)
				*at = 99;
		}
	for (size_t i = 0; i <= rows; i++)
		best = least(best, table[i][columns]);
	return is_beginning ? best : table[rows][columns];
}

static unsigned told[WORDS_MAX];

static void
on_near(void *self, uint32_t word, unsigned edits)
{
	(void)self;
	assert_int_equal(told[word], 99);
	told[word] = edits;
}

static void
nearly_alike_words_are_those_that_reading_all_finds(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < WORDS_MAX; i++) {
		char word[16];

		draw_word(word, 14);
		add(word);
	}
	order_settle(&order);
	for (unsigned round = 0; round < 300; round++) {
		unsigned most = 1 + draw(ORDER_EDITS_MAX);
		bool is_beginning = draw(2);
		char pattern[16];

		draw_word(pattern, 12);
		for (uint32_t i = 0; i < count; i++)
			told[i] = 99;
		order_walk(&order, text_of(pattern), most, is_beginning, on_near, NULL);
		for (uint32_t i = 0; i < count; i++) {
			unsigned edits = edits_between(words[i], pattern, is_beginning);

			if (told[i] != (edits <= most ? edits : 99))
				fail_msg("%s %s: %u is not %u", words[i], pattern,
				    told[i], edits);
		}
	}
}

static void
a_pattern_of_any_length_is_borne(void **unused)
{
	static char pattern[200];

	(void)unused;
	add("aaaa");
	order_settle(&order);
	told[0] = 99;
	memset(pattern, 'a', sizeof pattern);
	order_walk(
	    &order, (struct text){ pattern, sizeof pattern }, 2, true, on_near, NULL);
	order_walk(&order, (struct text){ pattern, 0 }, 2, true, on_near, NULL);
	order_walk(
	    &order, (struct text){ pattern, ORDER_PATTERN_MAX }, 2, true, on_near, NULL);
	assert_int_equal(told[0], 99);
	order_walk(&order, (struct text){ pattern, 6 }, 2, true, on_near, NULL);
	assert_int_equal(told[0], 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(words_stay_in_order_however_they_come),
		TEST(what_is_not_to_stay_is_taken_out),
		TEST(beginnings_lie_side_by_side),
		TEST(nearly_alike_words_are_those_that_reading_all_finds),
		TEST(a_pattern_of_any_length_is_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
