/* SPDX-License-Identifier: Apache-2.0
 * One character after the other. */
#include "common/prose_text.h"

/* Reads one character of UTF-8 and steps behind it; 0: there is none, or it is broken. */
static uint32_t
read_character(struct text *rest)
{
	static const uint32_t LEAST[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)rest->at[0];
	uint32_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	uint32_t character = more == 0 ? first : first & (0x3fu >> more);

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || more >= rest->length)
		return 0;
	for (uint32_t i = 1; i <= more; i++) {
		unsigned char next = (unsigned char)rest->at[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (next & 0x3f);
	}
	rest->at += more + 1;
	rest->length -= more + 1;
	return character < LEAST[more] || character > 0x10ffff ? 0 : character;
}

static uint32_t
lower(uint32_t character)
{
	if ((character >= 'A' && character <= 'Z') ||
	    (character >= 0xc0 && character <= 0xde && character != 0xd7) ||
	    (character >= 0x410 && character <= 0x42f))
		character += 0x20;
	else if (character >= 0x400 && character <= 0x40f)
		character += 0x50;
	else if (character == 0x490)
		character++;
	return character == 0x451 ? 0x435 : character; /* io is often written as ie */
}

static bool
is_dash(uint32_t character)
{
	return (character >= 0x2010 && character <= 0x2015) || character == 0x2212 ||
	       character == 0xfe58 || character == 0xfe63 || character == 0xff0d ||
	       character == 0x2043;
}

static bool
is_space(uint32_t character)
{
	return character == '\t' || character == 0xa0 ||
	       (character >= 0x2000 && character <= 0x200a) || character == 0x202f ||
	       character == 0x3000;
}

static bool
is_line_end(uint32_t character)
{
	return (character >= 0x0a && character <= 0x0d) || character == 0x85 ||
	       character == 0x2028 || character == 0x2029;
}

static bool
is_without_width(uint32_t character)
{
	return (character >= 0x200b && character <= 0x200f) || character == 0xfeff ||
	       character == 0xad || (character >= 0x202a && character <= 0x202e) ||
	       character == 0x301; /* stress marks of textbooks */
}

static bool
is_apostrophe(uint32_t character)
{
	return character == '`' || character == 0xb4 || character == 0x2bc ||
	       character == 0x2018 || character == 0x2019 || character == 0x2032 ||
	       character == 0x201b;
}

static bool
is_quotation(uint32_t character)
{
	return character == 0xab || character == 0xbb || character == 0x201c ||
	       character == 0x201d || character == 0x201e || character == 0x2033;
}

/* 0: left out. */
static uint32_t
fold_character(uint32_t character)
{
	if (is_dash(character))
		return '-';
	if (is_space(character))
		return ' ';
	if (is_line_end(character))
		return '\n';
	if (is_without_width(character))
		return 0;
	if (is_apostrophe(character))
		return '\'';
	if (is_quotation(character))
		return '"';
	return lower(character);
}

static void
put(struct prose_text *folded, uint32_t character)
{
	char *to = folded->bytes + folded->length;

	if (character < 0x80) {
		to[0] = (char)character;
		folded->length += 1;
	} else if (character < 0x800) {
		to[0] = (char)(0xc0 | character >> 6);
		to[1] = (char)(0x80 | (character & 0x3f));
		folded->length += 2;
	} else if (character < 0x10000) {
		to[0] = (char)(0xe0 | character >> 12);
		to[1] = (char)(0x80 | (character >> 6 & 0x3f));
		to[2] = (char)(0x80 | (character & 0x3f));
		folded->length += 3;
	} else {
		to[0] = (char)(0xf0 | character >> 18);
		to[1] = (char)(0x80 | (character >> 12 & 0x3f));
		to[2] = (char)(0x80 | (character >> 6 & 0x3f));
		to[3] = (char)(0x80 | (character & 0x3f));
		folded->length += 4;
	}
}

/* The Cyrillic letter that looks like a Latin one; 0: none does. */
static uint32_t
find_twin(uint32_t latin)
{
	static const char LATIN[] = "aceiopxy";
	static const uint16_t CYRILLIC[] = { 0x430, 0x441, 0x435, 0x456, 0x43e, 0x440,
		0x445, 0x443 };
	const char *found = latin > 0 && latin < 0x80 ? strchr(LATIN, (int)latin) : NULL;

	return found ? CYRILLIC[found - LATIN] : 0;
}

static bool
is_cyrillic(uint32_t character)
{
	return character >= 0x400 && character < 0x500;
}

/* A word that holds both alphabets is Cyrillic, if all of its Latin letters have twins. */
static bool
is_mixed(struct text word)
{
	bool has_cyrillic = false;
	bool has_latin = false;

	while (word.length > 0) {
		uint32_t character = fold_character(read_character(&word));

		if (character >= 'a' && character <= 'z') {
			if (find_twin(character) == 0)
				return false;
			has_latin = true;
		} else if (is_cyrillic(character)) {
			has_cyrillic = true;
		} else {
			break;
		}
	}
	return has_cyrillic && has_latin;
}

bool
prose_is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80;
}

bool
prose_fold(struct text prose, struct prose_text *folded)
{
	bool in_word = false;
	bool is_twinned = false;

	folded->length = 0;
	folded->is_cyrillic = false;
	while (prose.length > 0) {
		struct text here = prose;
		uint32_t character = read_character(&prose);

		if (character == 0)
			return false;
		character = fold_character(character);
		if (character == 0)
			continue;
		if (!in_word)
			is_twinned = is_mixed(here);
		in_word = character < 0x80 ? prose_is_letter((char)character)
		                           : is_cyrillic(character);
		if (in_word && is_twinned && find_twin(character) != 0)
			character = find_twin(character);
		folded->is_cyrillic = folded->is_cyrillic || is_cyrillic(character);
		if (folded->length + 4 > PROSE_MAX_BYTES)
			return false;
		put(folded, character);
	}
	folded->bytes[folded->length] = '\0';
	return true;
}
