/* SPDX-License-Identifier: Apache-2.0
 * Words that sound alike, without their endings, and from another keyboard. */
#include "common/fold.h"
#include "services/matcher/spell.h"
#include "tests/unit/matcher_fixture.h"

static struct text
folded(const char *word)
{
	static char buffers[4][64];
	static unsigned next;
	char *buffer = buffers[next++ % 4];
	struct text written;
	uint32_t at = 0;

	return (struct text){ buffer,
		(uint32_t)fold_word(text_of(word), &at, buffer, 64, &written) };
}

/* Words apart by spaces; all sound like the first. */
static void
assert_sound_alike(const char *first, const char *const *others)
{
	uint8_t one[SPELL_SOUNDS_MAX], other[SPELL_SOUNDS_MAX];
	uint32_t length = spell_sounds(folded(first), one);

	for (; *others != NULL; others++)
		if (spell_sounds(folded(*others), other) != length ||
		    memcmp(one, other, length) != 0)
			fail_msg("%s is not %s: %.*s", first, *others, (int)length,
			    (char *)one);
}

#define SOUND_ALIKE(first, ...)                                                          \
	assert_sound_alike(first, (const char *const[]){ __VA_ARGS__, NULL })

static void
a_name_sounds_the_same_in_every_spelling(void **unused)
{
	(void)unused;
	SOUND_ALIKE("Київ", "Киев", "Kyiv", "Kiev", "Kyjiv", "Kiyev");
	SOUND_ALIKE("Чернігів", "Chernihiv", "Chernigiv", "Tschernihiv");
	SOUND_ALIKE("Харків", "Kharkiv", "Harkiv");
	SOUND_ALIKE("Запоріжжя", "Zaporizhzhia", "Zaporizhia", "Zaporizhzhya");
	SOUND_ALIKE("Щастя", "Shchastia", "Schastya");
	SOUND_ALIKE("Юлія", "Yuliia", "Julija", "Iuliya", "Юлия");
	SOUND_ALIKE("притулок", "prytulok", "pritulok");
	SOUND_ALIKE("жильё", "жилье", "zhilye", "жил'є");
	SOUND_ALIKE("Одеса", "Одесса", "Odesa", "Odessa");
	SOUND_ALIKE("діти", "дети", "dity", "deti");
	SOUND_ALIKE("цех", "tsekh", "tzekh");
	SOUND_ALIKE("детский", "detskiy", "detskij", "детський");
	SOUND_ALIKE("Луцк", "Lutsk", "Луцьк");
}

static void
what_sounds_differently_stays_apart(void **unused)
{
	static const char *const PAIRS[][2] = { { "дім", "дам" }, { "шар", "чар" },
		{ "сад", "зад" }, { "кіт", "кут" }, { "lviv", "kyiv" },
		{ "bed", "bad" } };
	uint8_t one[SPELL_SOUNDS_MAX], other[SPELL_SOUNDS_MAX];

	(void)unused;
	for (unsigned i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
		uint32_t length = spell_sounds(folded(PAIRS[i][0]), one);

		if (spell_sounds(folded(PAIRS[i][1]), other) == length &&
		    memcmp(one, other, length) == 0)
			fail_msg("%s sounds like %s", PAIRS[i][0], PAIRS[i][1]);
	}
}

static void
a_closed_syllable_alternates_and_an_open_one_does_not(void **unused)
{
	static const struct {
		const char *word, *other; /* NULL: none */
	} WORDS[] = { { "набір", "набор" }, { "ноч", "ніч" }, { "дім", "дом" },
		{ "діти", NULL }, { "сад", NULL }, { "шк", NULL } };
	uint8_t one[SPELL_SOUNDS_MAX], other[SPELL_SOUNDS_MAX], meant[SPELL_SOUNDS_MAX];

	(void)unused;
	for (unsigned i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
		uint32_t count = spell_sounds(folded(WORDS[i].word), one);
		uint32_t length =
		    spell_alternate((struct text){ (const char *)one, count }, other);

		if (WORDS[i].other == NULL) {
			assert_int_equal(length, 0);
			continue;
		}
		assert_int_equal(length, spell_sounds(folded(WORDS[i].other), meant));
		assert_memory_equal(other, meant, length);
	}
}

static void
letters_are_one_byte_each_and_keep_beginnings(void **unused)
{
	uint8_t whole[SPELL_WORD_MAX], part[SPELL_WORD_MAX];

	(void)unused;
	assert_int_equal(spell_letters(folded("їжа"), whole), 3);
	assert_int_equal(spell_letters(folded("їж"), part), 2);
	assert_memory_equal(whole, part, 2);
	assert_int_equal(spell_letters(folded("مأوى"), whole), 4);
	assert_int_equal(spell_letters(folded("日本語"), whole), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_not_equal(whole[i], 0);
	assert_int_equal(spell_count(folded("日本語")), 3);
}

static void
assert_stem(const char *word, const char *stem)
{
	struct text text = folded(word);

	text.length = spell_stem(text);
	if (!text_equal(text, folded(stem)))
		fail_msg("%s: %.*s is not %s", word, (int)text.length, text.at, stem);
}

static void
endings_fall_where_enough_letters_stay(void **unused)
{
	(void)unused;
	assert_stem("shelters", "shelter");
	assert_stem("shelter", "shelter");
	assert_stem("services", "servic");
	assert_stem("service", "servic");
	assert_stem("families", "famil");
	assert_stem("family", "famil");
	assert_stem("housing", "hous");
	assert_stem("родинами", "родин");
	assert_stem("родини", "родин");
	assert_stem("притулки", "притул");
	assert_stem("притулок", "притул");
	assert_stem("бесплатного", "бесплатн");
	assert_stem("безкоштовні", "безкоштовн");
	assert_stem("їжа", "їж");
	assert_stem("їжею", "їж");
	assert_stem("я", "я");
	assert_stem("bus", "bus");
	assert_stem("a", "a");
}

static void
assert_switched(const char *typed, const char *meant)
{
	char buffer[64];
	size_t length = spell_switch(text_of(typed), buffer, sizeof buffer);

	assert_text((struct text){ buffer, (uint32_t)length }, meant);
}

static void
the_other_keyboard_is_understood(void **unused)
{
	char buffer[3];

	(void)unused;
	assert_switched("ghbnekjr", "притулок");
	assert_switched("GHBNEKJR KMDSD", "притулок львів");
	assert_switched("ырудеук", "shelter");
	assert_switched("][", "їх");
	assert_switched("їх", "][");
	assert_switched("24 日本", "24 日本");
	assert_switched("", "");
	assert_int_equal(spell_switch(LITERAL("gh"), buffer, sizeof buffer), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_sounds_the_same_in_every_spelling),
		cmocka_unit_test(what_sounds_differently_stays_apart),
		cmocka_unit_test(a_closed_syllable_alternates_and_an_open_one_does_not),
		cmocka_unit_test(letters_are_one_byte_each_and_keep_beginnings),
		cmocka_unit_test(endings_fall_where_enough_letters_stay),
		cmocka_unit_test(the_other_keyboard_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
