/* SPDX-License-Identifier: Apache-2.0
 * Looks at bytes; iconv of the C library turns them into UTF-8. */
#include "deploy/referralctl/import_encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#define UTF_8 "UTF-8"
#define LOOK_BYTES 4096
#define WORDS_OF_ASCII UINT64_C(0x8080808080808080)

/* ---- which ---- */

/* Bytes of the UTF-8 sequence at `at`; 0: there is none. */
static size_t
sequence(const unsigned char *at, size_t left)
{
	static const unsigned char LEAST[] = { 0, 0, 0x80, 0xa0, 0x90 };
	size_t count = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

	if (at[0] < 0xc2 || at[0] > 0xf4 || count > left)
		return 0;
	for (size_t i = 1; i < count; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 || at[0] == 0xf0) && at[1] < LEAST[count])
		return 0;
	if ((at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return count;
}

struct counted {
	uint64_t sequences; /* of UTF-8 */
	uint64_t strays;    /* bytes above 127 that are part of none */
	uint64_t beside;    /* strays beside another byte above 127 */
};

static bool
is_high(const unsigned char *bytes, size_t length, size_t at)
{
	return at < length && bytes[at] >= 0x80;
}

static struct counted
count_bytes(const unsigned char *bytes, size_t length)
{
	struct counted counted = { 0, 0, 0 };
	size_t at = 0;

	while (at < length) {
		uint64_t word;
		size_t count;

		if (length - at >= sizeof word) {
			memcpy(&word, bytes + at, sizeof word);
			if ((word & WORDS_OF_ASCII) == 0) {
				at += sizeof word;
				continue;
			}
		}
		if (bytes[at] < 0x80) {
			at++;
			continue;
		}
		count = sequence(bytes + at, length - at);
		counted.sequences += count > 0;
		counted.strays += count == 0;
		counted.beside +=
		    count == 0 && (is_high(bytes, length, at + 1) ||
		                      (at > 0 && is_high(bytes, length, at - 1)));
		at += count > 0 ? count : 1;
	}
	return counted;
}

/* UTF-16 without a mark: of Latin letters, digits and delimiters one byte is NUL. */
static const char *
find_utf_16(const unsigned char *bytes, size_t length)
{
	size_t nuls[2] = { 0, 0 };
	size_t look = length < LOOK_BYTES ? length : LOOK_BYTES;

	for (size_t i = 0; i < look; i++)
		nuls[i % 2] += bytes[i] == 0;
	if (look < 8 || nuls[0] + nuls[1] < look / 8)
		return NULL;
	if (nuls[0] == 0)
		return "UTF-16LE";
	return nuls[1] == 0 ? "UTF-16BE" : NULL;
}

struct import_encoding
import_encoding_find(const char *bytes, size_t length)
{
	const char *name;
	struct counted counted;

	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		return (struct import_encoding){ UTF_8, false, 3 };
	if (length >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0)
		return (struct import_encoding){ "UTF-16LE", false, 2 };
	if (length >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0)
		return (struct import_encoding){ "UTF-16BE", false, 2 };
	name = find_utf_16((const unsigned char *)bytes, length);
	if (name != NULL)
		return (struct import_encoding){ name, true, 0 };
	counted = count_bytes((const unsigned char *)bytes, length);
	if (counted.strays <= counted.sequences)
		return (struct import_encoding){ UTF_8, false, 0 };
	name = counted.beside * 2 >= counted.strays ? "WINDOWS-1251" : "WINDOWS-1252";
	return (struct import_encoding){ name, true, 0 };
}

bool
import_encoding_is_known(const char *name)
{
	iconv_t turn = iconv_open(UTF_8, name);

	if (turn == (iconv_t)-1)
		return false;
	iconv_close(turn);
	return true;
}

/* ---- the same in UTF-8 ---- */

/* Writes all of it; false: errno says why. */
static bool
convert(iconv_t turn, const char *bytes, size_t length, size_t unit, FILE *out)
{
	char made[16384];
	char *in = (char *)bytes; /* iconv does not write to it */
	size_t left = length;

	while (left > 0) {
		char *to = made;
		size_t room = sizeof made - 1;
		size_t turned = iconv(turn, &in, &left, &to, &room);

		if (turned == (size_t)-1 && errno != E2BIG) {
			size_t skip = left < unit ? left : unit;

			*to++ = '\xff';
			in += skip;
			left -= skip;
		}
		if (fwrite(made, 1, (size_t)(to - made), out) != (size_t)(to - made))
			return false;
	}
	return fflush(out) == 0;
}

static enum status
map_file(struct import_utf8 *utf8, FILE *file)
{
	long size = ftell(file);

	if (size < 0)
		return STATUS_UNAVAILABLE;
	utf8->bytes = "";
	if (size == 0)
		return STATUS_OK;
	utf8->mapped = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
	if (utf8->mapped == MAP_FAILED) {
		utf8->mapped = NULL;
		return STATUS_NO_MEMORY;
	}
	utf8->bytes = utf8->mapped;
	utf8->length = utf8->mapped_bytes = (size_t)size;
	return STATUS_OK;
}

enum status
import_utf8_open(struct import_utf8 *utf8, const char *bytes, size_t length,
    const struct import_encoding *encoding)
{
	FILE *file;
	iconv_t turn;
	enum status status = STATUS_UNAVAILABLE;

	bytes += encoding->skip_bytes;
	length -= encoding->skip_bytes;
	*utf8 = (struct import_utf8){ .bytes = bytes, .length = length };
	if (strcasecmp(encoding->name, UTF_8) == 0)
		return STATUS_OK;
	*utf8 = (struct import_utf8){ .bytes = NULL };
	turn = iconv_open(UTF_8, encoding->name);
	if (turn == (iconv_t)-1)
		return STATUS_UNAVAILABLE;
	file = tmpfile();
	if (file != NULL) {
		size_t unit = strncasecmp(encoding->name, "UTF-16", 6) == 0 ? 2 : 1;

		if (convert(turn, bytes, length, unit, file))
			status = map_file(utf8, file);
		fclose(file);
	}
	iconv_close(turn);
	return status;
}

void
import_utf8_close(struct import_utf8 *utf8)
{
	if (utf8->mapped != NULL)
		munmap(utf8->mapped, utf8->mapped_bytes);
	*utf8 = (struct import_utf8){ .bytes = NULL };
}
