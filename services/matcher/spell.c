/* SPDX-License-Identifier: Apache-2.0
 * Spelling: letters, sounds, endings and keyboards. */
#include "services/matcher/spell.h"

/* ---- characters ---- */

/* Of well-formed text, as folding leaves it. */
static uint32_t
next_character(struct text text, uint32_t *at)
{
	const unsigned char *bytes = (const unsigned char *)text.at + *at;
	uint32_t more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc0;
	uint32_t code = more > 0 ? bytes[0] & (0x3fU >> more) : bytes[0];

	for (uint32_t i = 1; i <= more && *at + i < text.length; i++)
		code = code << 6 | (bytes[i] & 0x3fU);
	*at += *at + more < text.length ? 1 + more : text.length - *at;
	return code;
}

uint32_t
spell_count(struct text word)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < word.length; i++)
		count += ((unsigned char)word.at[i] & 0xc0) != 0x80;
	return count;
}

static uint8_t
letter_of(uint32_t code)
{
	if (code < 0x80)
		return (uint8_t)code;
	if (code >= 0x430 && code < 0x460)
		return (uint8_t)(0x80 + code - 0x430);
	if (code >= 0x620 && code < 0x64b)
		return (uint8_t)(0xb0 + code - 0x620);
	return (uint8_t)(0xdb + code % 37);
}

uint32_t
spell_letters(struct text word, uint8_t letters[SPELL_WORD_MAX])
{
	uint32_t count = 0;

	for (uint32_t at = 0; at < word.length && count < SPELL_WORD_MAX;)
		letters[count++] = letter_of(next_character(word, &at));
	return count;
}

/* ---- sounds ---- */

/* c is ts, q is ch, x is sh and shch, i is every light vowel. */
static const char *const CYRILLIC[] = {
	/* clang-format off */
	"a", "b", "v", "h", "d", "i", "z", "z", "i", "i", "k", "l", "m", "n", "o", "p",
	"r", "s", "t", "u", "f", "h", "c", "q", "x", "x", "",  "i", "",  "i", "iu", "ia",
	/* clang-format on */
};

static const struct {
	const char *letters, *sounds;
} LATIN[] = {
	/* the longer first */
	/* clang-format off */
	{ "shch", "x" }, { "sch", "x" }, { "tsch", "q" }, { "sh", "x" }, { "ch", "q" },
	{ "kh", "h" }, { "zh", "z" }, { "ts", "c" }, { "tz", "c" }, { "ph", "f" },
	{ "th", "t" }, { "ck", "k" }, { "x", "ks" }, { "c", "k" }, { "q", "k" },
	{ "g", "h" }, { "w", "v" }, { "e", "i" }, { "j", "i" }, { "y", "i" },
	/* clang-format on */
};

struct sounding {
	uint8_t *at;
	uint32_t count;
};

static void
add_sound(struct sounding *sounding, uint8_t sound)
{
	uint8_t last = sounding->count > 0 ? sounding->at[sounding->count - 1] : 0;

	if (sound == last || (sound == 's' && last == 'c'))
		return;
	if (sound == 's' && last == 't') {
		sounding->at[sounding->count - 1] = 'c';
		return;
	}
	if (last == 'i' && (sound == 'a' || sound == 'o' || sound == 'u'))
		sounding->count--;
	if (sounding->count > 0 && sounding->at[sounding->count - 1] == sound)
		return;
	if (sounding->count < SPELL_SOUNDS_MAX)
		sounding->at[sounding->count++] = sound;
}

/* Adds what Latin letters sound; how many they are, 0 where they sound as they are written. */
static uint32_t
add_latin(struct sounding *sounding, struct text word, uint32_t at)
{
	for (size_t i = 0; i < sizeof LATIN / sizeof *LATIN; i++) {
		uint32_t length = (uint32_t)strlen(LATIN[i].letters);

		if (length > word.length - at ||
		    memcmp(word.at + at, LATIN[i].letters, length) != 0)
			continue;
		for (const char *sound = LATIN[i].sounds; *sound != '\0'; sound++)
			add_sound(sounding, (uint8_t)*sound);
		return length;
	}
	return 0;
}

uint32_t
spell_sounds(struct text word, uint8_t sounds[SPELL_SOUNDS_MAX])
{
	struct sounding sounding = { sounds, 0 };

	for (uint32_t at = 0; at < word.length;) {
		uint32_t length = add_latin(&sounding, word, at);
		uint32_t code;

		at += length;
		if (length > 0)
			continue;
		code = next_character(word, &at);
		if (code < 0x430 || code > 0x44f)
			add_sound(&sounding, letter_of(code));
		else
			for (const char *sound = CYRILLIC[code - 0x430]; *sound != '\0';
			     sound++)
				add_sound(&sounding, (uint8_t)*sound);
	}
	return sounding.count;
}

uint32_t
spell_alternate(struct text sounds, uint8_t other[SPELL_SOUNDS_MAX])
{
	uint32_t at = sounds.length;

	while (at > 0 && strchr("aiou", sounds.at[at - 1]) == NULL)
		at--;
	if (at == 0 || at == sounds.length || sounds.length > SPELL_SOUNDS_MAX ||
	    (sounds.at[at - 1] != 'i' && sounds.at[at - 1] != 'o'))
		return 0;
	memcpy(other, sounds.at, sounds.length);
	other[at - 1] = sounds.at[at - 1] == 'i' ? 'o' : 'i';
	return sounds.length;
}

/* ---- endings ---- */

struct endings {
	const char *const *list; /* the longer first */
	uint32_t stem_min;       /* characters that stay */
};

/* As folding writes them: і ї й ы are и, є is е, ь is nothing.  With к: притулок, притулки. */
static const char *const CYRILLIC_ENDINGS[] = {
	/* clang-format off */
	"иями", "ками", "ями", "ами", "ими", "ого", "его", "ому", "ему", "иях", "ием",
	"ении", "ком", "кив", "кам", "ках", "ок", "ка", "ки", "ку", "ти", "ах", "ях", "ив",
	"ев", "ов", "еи", "ои", "ою", "ею", "ию", "ия", "ие", "ии", "ом", "ем", "им", "ам",
	"ям", "их", "ая", "яя", "ое", "ую", "юю", "а", "я", "и", "у", "ю", "о", "е", NULL,
	/* clang-format on */
};
static const char *const LATIN_ENDINGS[] = { "ings", "ing", "ies", "ed", "es", "e", "s",
	"y", NULL };

static bool
ends_with(struct text word, const char *ending, uint32_t length)
{
	return length < word.length &&
	       memcmp(word.at + word.length - length, ending, length) == 0;
}

uint32_t
spell_stem(struct text word)
{
	bool is_latin = word.length > 0 && (unsigned char)word.at[0] < 0x80;
	const struct endings endings = is_latin ? (struct endings){ LATIN_ENDINGS, 3 }
	                                        : (struct endings){ CYRILLIC_ENDINGS, 2 };

	for (const char *const *ending = endings.list; *ending != NULL; ending++) {
		uint32_t length = (uint32_t)strlen(*ending);

		if (ends_with(word, *ending, length) &&
		    spell_count((struct text){ word.at, word.length - length }) >=
		        endings.stem_min)
			return word.length - length;
	}
	return word.length;
}

/* ---- the keyboard ---- */

/* The same keys; і and ы share one, so do є and э, ї and ъ: folding makes most of them one. */
static const char LATIN_KEYS[] = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
static const char *const CYRILLIC_KEYS[] = { "й", "ц", "у", "к", "е", "н", "г", "ш", "щ",
	"з", "х", "ї", "ф", "і", "в", "а", "п", "р", "о", "л", "д", "ж", "є", "я", "ч",
	"с", "м", "и", "т", "ь", "б", "ю", "ё" };
/* Keys of the Russian layout whose letter the table has under another key or not at all. */
static const struct {
	uint32_t code;
	char key;
} RUSSIAN_KEYS[] = { { 0x44b, 's' }, { 0x44d, '\'' }, { 0x44a, ']' } };

static char
latin_key(uint32_t code)
{
	if (code >= 0x410 && code <= 0x42f)
		code += 0x20;
	else if (code >= 0x400 && code <= 0x40f)
		code += 0x50;
	for (size_t i = 0; i < sizeof RUSSIAN_KEYS / sizeof *RUSSIAN_KEYS; i++)
		if (RUSSIAN_KEYS[i].code == code)
			return RUSSIAN_KEYS[i].key;
	for (size_t i = 0; LATIN_KEYS[i] != '\0'; i++) {
		uint32_t at = 0;

		if (next_character(text_of(CYRILLIC_KEYS[i]), &at) == code)
			return LATIN_KEYS[i];
	}
	return '\0';
}

static struct text
cyrillic_key(char byte)
{
	const char *key;

	if (byte >= 'A' && byte <= 'Z')
		byte = (char)(byte + 'a' - 'A');
	key = byte == '\0' ? NULL : strchr(LATIN_KEYS, byte);
	return key == NULL ? TEXT_ABSENT : text_of(CYRILLIC_KEYS[key - LATIN_KEYS]);
}

size_t
spell_switch(struct text typed, char *buffer, size_t size)
{
	size_t length = 0;

	for (uint32_t at = 0, start; at < typed.length;) {
		struct text meant = { typed.at + at, 0 };
		uint32_t code;
		char key;

		start = at;
		code = next_character(typed, &at);
		meant.length = at - start;
		if (code < 0x80 && cyrillic_key((char)code).at != NULL)
			meant = cyrillic_key((char)code);
		else if (code >= 0x400 && (key = latin_key(code)) != '\0')
			meant = (struct text){ strchr(LATIN_KEYS, key), 1 };
		if (length + meant.length > size)
			break;
		memcpy(buffer + length, meant.at, meant.length);
		length += meant.length;
	}
	return length;
}
