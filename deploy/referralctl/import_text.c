/* SPDX-License-Identifier: Apache-2.0
 * Takes out what a web form put in. */
#include "deploy/referralctl/import_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deploy/referralctl/import_write.h"

static void
add_byte(struct import_buffer *buffer, char byte)
{
	import_buffer_add(buffer, &byte, 1);
}

enum tag_kind { TAG_INLINE, TAG_BLOCK, TAG_CELL, TAG_HIDDEN };

static const struct tag {
	const char *name;
	enum tag_kind kind;
} TAGS[] = {
	{ "a", TAG_INLINE },
	{ "abbr", TAG_INLINE },
	{ "b", TAG_INLINE },
	{ "big", TAG_INLINE },
	{ "blockquote", TAG_BLOCK },
	{ "br", TAG_BLOCK },
	{ "center", TAG_BLOCK },
	{ "code", TAG_INLINE },
	{ "div", TAG_BLOCK },
	{ "em", TAG_INLINE },
	{ "font", TAG_INLINE },
	{ "h1", TAG_BLOCK },
	{ "h2", TAG_BLOCK },
	{ "h3", TAG_BLOCK },
	{ "h4", TAG_BLOCK },
	{ "h5", TAG_BLOCK },
	{ "h6", TAG_BLOCK },
	{ "hr", TAG_BLOCK },
	{ "i", TAG_INLINE },
	{ "iframe", TAG_INLINE },
	{ "img", TAG_INLINE },
	{ "li", TAG_BLOCK },
	{ "o:p", TAG_INLINE },
	{ "ol", TAG_BLOCK },
	{ "p", TAG_BLOCK },
	{ "pre", TAG_BLOCK },
	{ "s", TAG_INLINE },
	{ "script", TAG_HIDDEN },
	{ "small", TAG_INLINE },
	{ "span", TAG_INLINE },
	{ "strike", TAG_INLINE },
	{ "strong", TAG_INLINE },
	{ "style", TAG_HIDDEN },
	{ "sub", TAG_INLINE },
	{ "sup", TAG_INLINE },
	{ "table", TAG_BLOCK },
	{ "tbody", TAG_INLINE },
	{ "td", TAG_CELL },
	{ "th", TAG_CELL },
	{ "thead", TAG_INLINE },
	{ "tr", TAG_BLOCK },
	{ "u", TAG_INLINE },
	{ "ul", TAG_BLOCK },
};

static const struct {
	const char *name;
	const char *stands_for;
} REFERENCES[] = {
	{ "amp", "&" },
	{ "apos", "'" },
	{ "bull", "•" },
	{ "copy", "©" },
	{ "deg", "°" },
	{ "eacute", "é" },
	{ "euro", "€" },
	{ "gt", ">" },
	{ "hellip", "…" },
	{ "laquo", "«" },
	{ "ldquo", "“" },
	{ "lsquo", "‘" },
	{ "lt", "<" },
	{ "mdash", "—" },
	{ "middot", "·" },
	{ "nbsp", " " },
	{ "ndash", "–" },
	{ "ntilde", "ñ" },
	{ "quot", "\"" },
	{ "raquo", "»" },
	{ "rdquo", "”" },
	{ "reg", "®" },
	{ "rsquo", "’" },
	{ "trade", "™" },
};

/* Character references are short; so a lone ampersand is soon seen to be one. */
#define REFERENCE_MAX_BYTES 12
/* A tag with its attributes, and a comment (word processors write long ones): a text of many
 * beginnings and no end is read in bounded time. */
#define TAG_MAX_BYTES 4096
#define COMMENT_MAX_BYTES 16384

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Spreadsheets and web pages pad with it. */
#define HARD_SPACE "\xc2\xa0"

static uint32_t
space_before(struct text text)
{
	if (text.length > 0 && is_space(text.at[0]))
		return 1;
	return text.length >= 2 && memcmp(text.at, HARD_SPACE, 2) == 0 ? 2 : 0;
}

static uint32_t
space_behind(struct text text)
{
	if (text.length > 0 && is_space(text.at[text.length - 1]))
		return 1;
	return text.length >= 2 && memcmp(text.at + text.length - 2, HARD_SPACE, 2) == 0
	           ? 2
	           : 0;
}

struct text
import_text_trim(struct text text)
{
	uint32_t spaces;

	while ((spaces = space_before(text)) > 0) {
		text.at += spaces;
		text.length -= spaces;
	}
	while ((spaces = space_behind(text)) > 0)
		text.length -= spaces;
	return text;
}

static bool
is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == ':';
}

static size_t
at_most(ptrdiff_t length, size_t most)
{
	return (size_t)length < most ? (size_t)length : most;
}

/* The tag at `at` (a "<"), with the byte behind its ">"; NULL: it is none that we know. */
static const struct tag *
find_tag(const char *at, const char *end, const char **behind)
{
	const char *name = at + 1 < end && at[1] == '/' ? at + 2 : at + 1;
	const char *name_end = name;
	const char *close;

	while (name_end < end && is_name_byte(*name_end))
		name_end++;
	if (name_end == end ||
	    !(is_space(*name_end) || *name_end == '>' || *name_end == '/'))
		return NULL;
	close = memchr(name_end, '>', at_most(end - name_end, TAG_MAX_BYTES));
	if (close == NULL)
		return NULL;
	*behind = close + 1;
	for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++)
		if (strlen(TAGS[i].name) == (size_t)(name_end - name) &&
		    strncasecmp(TAGS[i].name, name, (size_t)(name_end - name)) == 0)
			return &TAGS[i];
	return NULL;
}

/* The byte behind "</name ...>", or the end where the text forgets to close. */
static const char *
skip_hidden(const struct tag *tag, const char *at, const char *end)
{
	while (at < end) {
		const char *behind;

		if (*at == '<' && at + 1 < end && at[1] == '/' &&
		    find_tag(at, end, &behind) == tag)
			return behind;
		at++;
	}
	return end;
}

static void
end_line(struct import_buffer *out)
{
	while (out->length > 0 && out->bytes[out->length - 1] == ' ')
		out->length--;
	if (out->length > 0 && out->bytes[out->length - 1] != '\n')
		add_byte(out, '\n');
}

/* Takes a tag or comment; gives the byte behind it, `at` itself where it is text. */
static const char *
take_tag(const char *at, const char *end, struct import_buffer *out)
{
	const char *behind;
	const struct tag *tag;

	if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
		behind =
		    memmem(at + 4, at_most(end - at - 4, COMMENT_MAX_BYTES), "-->", 3);
		return behind ? behind + 3 : at;
	}
	tag = find_tag(at, end, &behind);
	if (tag == NULL)
		return at;
	if (tag->kind == TAG_BLOCK)
		end_line(out);
	else if (tag->kind == TAG_CELL)
		add_byte(out, ' ');
	else if (tag->kind == TAG_HIDDEN && at[1] != '/')
		return skip_hidden(tag, behind, end);
	return behind;
}

static void
add_code_point(struct import_buffer *out, unsigned long code)
{
	char bytes[4];
	size_t length = 0;

	if (code < 0x80) {
		bytes[length++] = (char)code;
	} else if (code < 0x800) {
		bytes[length++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[length++] = (char)(0xe0 | code >> 12);
		bytes[length++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[length++] = (char)(0xf0 | code >> 18);
		bytes[length++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[length++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[length++] = (char)(0x80 | (code & 0x3f));
	import_buffer_add(out, bytes, length);
}

/* "#39" or "#x27"; 0: no character that a text may hold. */
static unsigned long
read_code_point(const char *name)
{
	bool is_hex = name[1] == 'x' || name[1] == 'X';
	char *end;
	unsigned long code = strtoul(name + (is_hex ? 2 : 1), &end, is_hex ? 16 : 10);

	if (end == name + (is_hex ? 2 : 1) || *end != '\0' ||
	    (code < 0x20 && code != '\n') || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff) || code == 0x7f)
		return 0;
	return code;
}

/* Takes a character reference; gives the byte behind it, `at` itself where it is none. */
static const char *
take_reference(const char *at, const char *end, struct import_buffer *out)
{
	char name[REFERENCE_MAX_BYTES] = "";
	const char *close = memchr(at, ';', at_most(end - at, sizeof name));

	if (close == NULL ||
	    !text_copy(
	        (struct text){ at + 1, (uint32_t)(close - at - 1) }, name, sizeof name))
		return at;
	if (name[0] == '#') {
		unsigned long code = read_code_point(name);

		if (code == 0)
			return at;
		add_code_point(out, code);
		return close + 1;
	}
	for (size_t i = 0; i < sizeof REFERENCES / sizeof *REFERENCES; i++)
		if (strcmp(REFERENCES[i].name, name) == 0) {
			import_buffer_add(out, REFERENCES[i].stands_for,
			    strlen(REFERENCES[i].stands_for));
			return close + 1;
		}
	return at;
}

static bool
is_clean(struct text text)
{
	return memchr(text.at, '<', text.length) == NULL &&
	       memchr(text.at, '&', text.length) == NULL &&
	       memchr(text.at, '\r', text.length) == NULL &&
	       import_text_trim(text).length == text.length;
}

char *
import_text_clean(struct text text, bool *had_html)
{
	struct import_buffer out = { 0 };
	const char *end = text.at + text.length;
	struct text trimmed;

	if (text.length == 0 || is_clean(text))
		return NULL;
	for (const char *at = text.at; at < end;) {
		const char *behind = at;

		if (*at == '<')
			behind = take_tag(at, end, &out);
		else if (*at == '&')
			behind = take_reference(at, end, &out);
		else if (*at == '\r' && at + 1 < end && at[1] == '\n')
			at++;
		if (behind > at) {
			*had_html = true;
			at = behind;
			continue;
		}
		if (*at == '\r')
			add_byte(&out, '\n');
		else
			add_byte(&out, *at);
		at++;
	}
	add_byte(&out, '\0');
	if (out.is_broken) {
		free(out.bytes);
		return NULL;
	}
	trimmed =
	    import_text_trim((struct text){ out.bytes, (uint32_t)(out.length - 1) });
	memmove(out.bytes, trimmed.at, trimmed.length);
	out.bytes[trimmed.length] = '\0';
	return out.bytes;
}
