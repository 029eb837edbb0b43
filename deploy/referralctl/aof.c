/* SPDX-License-Identifier: Apache-2.0
 * Finds the end of the last whole transaction of an append-only file. */
#include "deploy/referralctl/aof.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_MOST (1u << 30) /* Redis takes no longer argument than 512 MB */

struct reader {
	const char *bytes;
	size_t length, at;
	enum { WHOLE, CUT_SHORT, NO_COMMAND } state;
};

/* "*3\r\n"; 0 unless WHOLE. */
static size_t
read_number(struct reader *reader, char kind)
{
	size_t number = 0, at = reader->at;

	if (at < reader->length && reader->bytes[at++] != kind)
		reader->state = NO_COMMAND;
	for (; at < reader->length && reader->bytes[at] != '\r'; at++) {
		if (reader->bytes[at] < '0' || reader->bytes[at] > '9' ||
		    number > NUMBER_MOST)
			reader->state = NO_COMMAND;
		number = number * 10 + (size_t)(reader->bytes[at] - '0');
		if (reader->state == NO_COMMAND)
			return 0;
	}
	if (reader->state == WHOLE && at + 2 > reader->length)
		reader->state = CUT_SHORT;
	reader->at = at + 2;
	return reader->state == WHOLE ? number : 0;
}

/* The first word of the next command; where it is not WHOLE, nothing. */
static struct text
read_command(struct reader *reader)
{
	struct text verb = { NULL, 0 };
	size_t count = read_number(reader, '*');

	for (size_t i = 0; i < count && reader->state == WHOLE; i++) {
		size_t length = read_number(reader, '$');

		if (reader->state == WHOLE && reader->at + length + 2 > reader->length)
			reader->state = CUT_SHORT;
		if (i == 0 && reader->state == WHOLE)
			verb =
			    (struct text){ reader->bytes + reader->at, (uint32_t)length };
		reader->at += length + 2;
	}
	return verb;
}

/* Bytes up to the end of the last command outside of MULTI, or of the last EXEC. */
static size_t
whole_bytes(struct reader *reader)
{
	size_t whole = 0;
	bool is_open = false;

	while (reader->at < reader->length) {
		struct text verb = read_command(reader);

		if (reader->state != WHOLE)
			break;
		if (text_is(verb, "MULTI"))
			is_open = true;
		else if (text_is(verb, "EXEC"))
			is_open = false;
		if (!is_open)
			whole = reader->at;
	}
	return whole;
}

/* The last file that the manifest calls incremental: "file NAME seq 2 type i". */
static bool
newest_file(const char *folder, char path[PATH_MAX])
{
	char manifest[PATH_MAX], line[1024], name[256], type;
	bool is_found = false;
	FILE *in;

	(void)snprintf(manifest, sizeof manifest, "%s/appendonly.aof.manifest", folder);
	in = fopen(manifest, "re");
	if (in == NULL)
		return false;
	while (fgets(line, sizeof line, in) != NULL)
		if (sscanf(line, "file %255s seq %*d type %c", name, &type) == 2 &&
		    type == 'i') {
			(void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
			is_found = true;
		}
	(void)fclose(in);
	return is_found;
}

static enum status
mend(int fd, size_t length)
{
	struct reader reader = { .length = length };
	size_t whole;
	void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);

	if (bytes == MAP_FAILED)
		return STATUS_UNAVAILABLE;
	(void)madvise(bytes, length, MADV_SEQUENTIAL);
	reader.bytes = bytes;
	whole = whole_bytes(&reader);
	(void)munmap(bytes, length);
	if (reader.state == NO_COMMAND)
		return STATUS_DAMAGED;
	if (whole == length)
		return STATUS_DUP;
	/* synced, or a power cut might bring the tail back under what is written next */
	if (ftruncate(fd, (off_t)whole) != 0 || fsync(fd) != 0)
		return STATUS_UNAVAILABLE;
	return STATUS_OK;
}

enum status
aof_mend(const char *folder)
{
	char path[PATH_MAX];
	struct stat file;
	enum status status = STATUS_UNAVAILABLE;
	int fd;

	if (!newest_file(folder, path) || access(path, F_OK) != 0)
		return STATUS_DUP;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return STATUS_UNAVAILABLE;
	if (fstat(fd, &file) == 0)
		status = file.st_size == 0 ? STATUS_DUP : mend(fd, (size_t)file.st_size);
	(void)close(fd);
	return status;
}
