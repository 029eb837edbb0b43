/* SPDX-License-Identifier: Apache-2.0
 * Folding: one character in, what it compares as out. */
#include "common/fold.h"

#define MALFORMED UINT32_MAX

/* What a character becomes: its letters, nothing, or the end of a word. */
struct folded {
	const char *letters; /* NULL: as it is */
	enum { FOLD_LETTERS, FOLD_DROP, FOLD_BREAK } how;
};

#define BREAK                                                                            \
	{                                                                                \
		"", FOLD_BREAK                                                           \
	}
#define DROP                                                                             \
	{                                                                                \
		"", FOLD_DROP                                                            \
	}
#define AS(letters)                                                                      \
	{                                                                                \
		letters, FOLD_LETTERS                                                    \
	}

/* Outside ASCII and Cyrillic; what is not here stays as it is.  In order of `first`. */
static const struct {
	uint32_t first, last;
	struct folded folded;
} RANGES[] = {
	/* clang-format off */
	{ 0x80, 0xa9, BREAK }, { 0xaa, 0xaa, AS("a") }, { 0xab, 0xac, BREAK },
	{ 0xad, 0xad, DROP },  { 0xae, 0xb3, BREAK },   { 0xb4, 0xb4, DROP },
	{ 0xb6, 0xb9, BREAK }, { 0xba, 0xba, AS("o") }, { 0xbb, 0xbf, BREAK },
	{ 0xc0, 0xc5, AS("a") }, { 0xc6, 0xc6, AS("ae") }, { 0xc7, 0xc7, AS("c") },
	{ 0xc8, 0xcb, AS("e") }, { 0xcc, 0xcf, AS("i") },  { 0xd0, 0xd0, AS("d") },
	{ 0xd1, 0xd1, AS("n") }, { 0xd2, 0xd6, AS("o") },  { 0xd7, 0xd7, BREAK },
	{ 0xd8, 0xd8, AS("o") }, { 0xd9, 0xdc, AS("u") },  { 0xdd, 0xdd, AS("y") },
	{ 0xde, 0xde, AS("th") }, { 0xdf, 0xdf, AS("ss") },
	{ 0xe0, 0xe5, AS("a") }, { 0xe6, 0xe6, AS("ae") }, { 0xe7, 0xe7, AS("c") },
	{ 0xe8, 0xeb, AS("e") }, { 0xec, 0xef, AS("i") },  { 0xf0, 0xf0, AS("d") },
	{ 0xf1, 0xf1, AS("n") }, { 0xf2, 0xf6, AS("o") },  { 0xf7, 0xf7, BREAK },
	{ 0xf8, 0xf8, AS("o") }, { 0xf9, 0xfc, AS("u") },  { 0xfd, 0xfd, AS("y") },
	{ 0xfe, 0xfe, AS("th") }, { 0xff, 0xff, AS("y") },
	{ 0x100, 0x105, AS("a") }, { 0x106, 0x10d, AS("c") }, { 0x10e, 0x111, AS("d") },
	{ 0x112, 0x11b, AS("e") }, { 0x11c, 0x123, AS("g") }, { 0x124, 0x127, AS("h") },
	{ 0x128, 0x131, AS("i") }, { 0x132, 0x133, AS("ij") }, { 0x134, 0x135, AS("j") },
	{ 0x136, 0x138, AS("k") }, { 0x139, 0x142, AS("l") }, { 0x143, 0x14b, AS("n") },
	{ 0x14c, 0x151, AS("o") }, { 0x152, 0x153, AS("oe") }, { 0x154, 0x159, AS("r") },
	{ 0x15a, 0x161, AS("s") }, { 0x162, 0x167, AS("t") }, { 0x168, 0x173, AS("u") },
	{ 0x174, 0x175, AS("w") }, { 0x176, 0x178, AS("y") }, { 0x179, 0x17e, AS("z") },
	{ 0x17f, 0x17f, AS("s") }, { 0x218, 0x219, AS("s") }, { 0x21a, 0x21b, AS("t") },
	{ 0x2b9, 0x2cf, DROP },    /* primes, modifier apostrophes, stress */
	{ 0x300, 0x36f, DROP },    /* combining marks */
	{ 0x591, 0x5bd, DROP },    /* Hebrew points */
	{ 0x60c, 0x60c, BREAK }, { 0x61b, 0x61b, BREAK }, { 0x61f, 0x61f, BREAK },
	{ 0x622, 0x623, AS("ا") }, { 0x624, 0x624, AS("و") }, { 0x625, 0x625, AS("ا") },
	{ 0x626, 0x626, AS("ي") }, { 0x629, 0x629, AS("ه") }, { 0x640, 0x640, DROP },
	{ 0x649, 0x649, AS("ي") }, { 0x64b, 0x65f, DROP }, /* Arabic stretch and vowels */
	{ 0x66a, 0x66d, BREAK }, { 0x670, 0x670, DROP }, { 0x671, 0x671, AS("ا") },
	{ 0x6a9, 0x6a9, AS("ك") }, { 0x6cc, 0x6cc, AS("ي") }, { 0x6d4, 0x6d4, BREAK },
	{ 0x6d6, 0x6dc, DROP }, { 0x6df, 0x6e8, DROP }, { 0x6ea, 0x6ed, DROP },
	{ 0x2000, 0x200a, BREAK }, { 0x200b, 0x200f, DROP },
	{ 0x2010, 0x2017, BREAK }, { 0x2018, 0x2019, DROP }, { 0x201a, 0x201a, BREAK },
	{ 0x201b, 0x201b, DROP },  { 0x201c, 0x2029, BREAK }, { 0x202a, 0x202e, DROP },
	{ 0x202f, 0x2031, BREAK }, { 0x2032, 0x2032, DROP },  { 0x2033, 0x205f, BREAK },
	{ 0x2060, 0x206f, DROP },
	{ 0x2070, 0x2bff, BREAK }, /* signs, arrows, mathematics, boxes */
	{ 0x3000, 0x303f, BREAK }, /* CJK punctuation */
	{ 0xfe00, 0xfe0f, DROP }, { 0xfeff, 0xfeff, DROP },
	{ 0xff01, 0xff06, BREAK }, { 0xff07, 0xff07, DROP }, { 0xff08, 0xff0f, BREAK },
	{ 0xff1a, 0xff20, BREAK }, { 0xfffd, 0xfffd, DROP },
	{ 0x1f000, 0x1faff, BREAK }, /* pictures */
	{ 0xe0000, 0xe0fff, DROP },
	/* clang-format on */
};

static const char *const DIGITS[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

/* Reads one character and moves past it; MALFORMED moves past one byte. */
static uint32_t
decode(struct text text, uint32_t *at)
{
	const unsigned char *bytes = (const unsigned char *)text.at + *at;
	uint32_t left = text.length - *at;
	uint32_t more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : 1;
	static const uint32_t LEAST[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t code;

	*at += 1;
	if (bytes[0] < 0x80)
		return bytes[0];
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || left <= more)
		return MALFORMED;
	code = bytes[0] & (0x3fU >> more);
	for (uint32_t i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return MALFORMED;
		code = code << 6 | (bytes[i] & 0x3fU);
	}
	if (code < LEAST[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return MALFORMED;
	*at += more;
	return code;
}

static uint32_t
encode(uint32_t code, char *bytes)
{
	uint32_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char LEAD[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (uint32_t i = count - 1; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(LEAD[count] | code);
	return count;
}

static struct folded
fold_ascii(uint32_t code)
{
	if (code == '\'' || code == '`')
		return (struct folded)DROP;
	if ((code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
	    (code >= 'A' && code <= 'Z'))
		return (struct folded)AS(NULL);
	return (struct folded)BREAK;
}

static uint32_t
lower(uint32_t code)
{
	bool is_paired = (code >= 0x460 && code <= 0x481) ||
	                 (code >= 0x48a && code <= 0x4bf) ||
	                 (code >= 0x4d0 && code <= 0x52f);

	if (code >= 'A' && code <= 'Z')
		return code + 0x20;
	if (code >= 0x400 && code <= 0x40f)
		return code + 0x50;
	if (code >= 0x410 && code <= 0x42f)
		return code + 0x20;
	if (code >= 0x4c1 && code <= 0x4ce)
		return code + (code & 1);
	if (code == 0x4c0) /* palochka */
		return 0x4cf;
	return is_paired ? code | 1 : code;
}

/* Of a lower-case letter, U+0430 to U+052F. */
static struct folded
fold_cyrillic(uint32_t code)
{
	switch (code) {
	case 0x439: /* й */
	case 0x44b: /* ы */
	case 0x456: /* і */
	case 0x457: /* ї */
		return (struct folded)AS("и");
	case 0x451: /* ё */
	case 0x44d: /* э */
	case 0x454: /* є */
		return (struct folded)AS("е");
	case 0x491: /* ґ */
		return (struct folded)AS("г");
	case 0x44c: /* ь */
	case 0x44a: /* ъ */
	case 0x483: /* combining marks */
	case 0x484:
	case 0x485:
	case 0x486:
	case 0x487:
	case 0x488:
	case 0x489:
		return (struct folded)DROP;
	case 0x482: /* thousands sign */
		return (struct folded)BREAK;
	default:
		return (struct folded)AS(NULL);
	}
}

static struct folded
fold_other(uint32_t code)
{
	size_t low = 0, high = sizeof RANGES / sizeof *RANGES;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > RANGES[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < sizeof RANGES / sizeof *RANGES && code >= RANGES[low].first)
		return RANGES[low].folded;
	return (struct folded)AS(NULL);
}

static struct folded
fold_one(uint32_t code)
{
	if (code == MALFORMED)
		return (struct folded)DROP;
	if (code < 0x80)
		return fold_ascii(code);
	if (code >= 0x430 && code <= 0x52f)
		return fold_cyrillic(code);
	if (code >= 0x660 && code <= 0x669)
		return (struct folded)AS(DIGITS[code - 0x660]);
	if (code >= 0x6f0 && code <= 0x6f9)
		return (struct folded)AS(DIGITS[code - 0x6f0]);
	return fold_other(code);
}

/* What the next character becomes, and its letters in `own` where it stays as it is. */
static struct folded
fold_next(struct text text, uint32_t *at, char own[5])
{
	uint32_t code = lower(decode(text, at));
	struct folded folded = fold_one(code);

	if (folded.letters == NULL) {
		own[encode(code, own)] = '\0';
		folded.letters = own;
	}
	return folded;
}

size_t
fold(struct text text, char *buffer, size_t size)
{
	size_t length = 0;
	bool is_inside = false; /* a word */
	char own[5];

	for (uint32_t at = 0; at < text.length;) {
		struct folded folded = fold_next(text, &at, own);
		size_t count = strlen(folded.letters);

		if (folded.how == FOLD_BREAK)
			is_inside = false;
		if (folded.how != FOLD_LETTERS)
			continue;
		if (length + count + !is_inside > size)
			break;
		if (!is_inside)
			buffer[length++] = ' ';
		memcpy(buffer + length, folded.letters, count);
		length += count;
		is_inside = true;
	}
	return length;
}

size_t
fold_word(struct text text, uint32_t *at, char *buffer, size_t size, struct text *written)
{
	size_t length = 0;
	bool is_full = false;
	char own[5];

	*written = TEXT_ABSENT;
	while (*at < text.length) {
		uint32_t start = *at;
		struct folded folded = fold_next(text, at, own);
		size_t count = strlen(folded.letters);

		if (folded.how == FOLD_BREAK && length > 0)
			break;
		if (folded.how != FOLD_LETTERS)
			continue;
		if (length == 0)
			written->at = text.at + start;
		written->length = (uint32_t)(text.at + *at - written->at);
		is_full = is_full || length + count > size;
		if (is_full)
			continue;
		memcpy(buffer + length, folded.letters, count);
		length += count;
	}
	return length;
}
