/* SPDX-License-Identifier: Apache-2.0
 * Reads and makes key files. */
#include "common/seal_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hash.h"

/* 255 keys of 69 bytes with room for comments. */
#define FILE_MOST 65536
#define HEX_BYTES 64
_Static_assert(HEX_BYTES == SEAL_KEY_BYTES * 2, "two digits for a byte");

/* Takes a number of 1..255 without leading zeros off the front; 0: there is none. */
static unsigned
take_number(struct text *line)
{
	unsigned number = 0;

	if (line->length > 0 && line->at[0] == '0')
		return 0;
	while (line->length > 0 && line->at[0] >= '0' && line->at[0] <= '9') {
		number = number * 10 + (unsigned)(line->at[0] - '0');
		if (number > SEAL_KEYS_MOST)
			return 0;
		line->at++;
		line->length--;
	}
	return number;
}

static bool
is_key_held(const struct seal_keys *keys, unsigned number)
{
	for (unsigned other = 1; other <= SEAL_KEYS_MOST; other++)
		if (keys->is_given[other] && sodium_memcmp(keys->keys[other],
		                                 keys->keys[number], SEAL_KEY_BYTES) == 0)
			return true;
	return false;
}

/* NULL, or what is wrong with the line. */
static const char *
parse_line(struct text line, struct seal_keys *keys)
{
	unsigned number = take_number(&line);
	size_t length;

	if (number == 0)
		return "does not begin with a key number (1 to 255)";
	if (keys->is_given[number])
		return "repeats a key number";
	if (line.length != 1 + HEX_BYTES || line.at[0] != ' ')
		return "is not a number, one space and 64 hexadecimal digits";
	if (sodium_hex2bin(keys->keys[number], SEAL_KEY_BYTES, line.at + 1, HEX_BYTES,
	        NULL, &length, NULL) != 0 ||
	    length != SEAL_KEY_BYTES)
		return "does not hold 64 hexadecimal digits";
	if (is_key_held(keys, number))
		return "repeats a key";
	keys->is_given[number] = true;
	return NULL;
}

bool
seal_keys_parse(struct text text, struct seal_keys *keys, char *why, size_t why_size)
{
	unsigned line_number = 0;
	bool has_key = false;

	while (text.length > 0) {
		const char *end = memchr(text.at, '\n', text.length);
		uint32_t length = end != NULL ? (uint32_t)(end - text.at) : text.length;
		uint32_t used = length + (end != NULL);
		struct text line = { text.at, length };
		const char *problem;

		line_number++;
		text = (struct text){ text.at + used, text.length - used };
		if (line.length == 0 || line.at[0] == '#')
			continue;
		problem = parse_line(line, keys);
		if (problem != NULL) {
			snprintf(why, why_size, "line %u %s", line_number, problem);
			return false;
		}
		has_key = true;
	}
	if (!has_key)
		snprintf(why, why_size, "holds no key");
	return has_key;
}

/* Whether the open file may be used as a key file at all. */
static bool
may_read(int fd, char *why, size_t why_size)
{
	struct stat about;

	if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
		snprintf(why, why_size, "is not a regular file");
		return false;
	}
	if ((about.st_mode & 077) != 0) {
		snprintf(why, why_size,
		    "can be reached by others (mode %03o): set it to 600 or 400",
		    (unsigned)about.st_mode & 0777);
		return false;
	}
	if (about.st_size > FILE_MOST) {
		snprintf(why, why_size, "is larger than %d bytes", FILE_MOST);
		return false;
	}
	return true;
}

static enum status
read_fd(int fd, struct seal_keys *keys, char *why, size_t why_size)
{
	char *bytes = sodium_malloc(FILE_MOST);
	enum status status = STATUS_INVALID;
	size_t length = 0;
	ssize_t got;

	if (bytes == NULL) {
		snprintf(why, why_size, "out of memory");
		return STATUS_NO_MEMORY;
	}
	while ((got = read(fd, bytes + length, FILE_MOST - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		snprintf(why, why_size, "cannot be read: %s", strerror(errno));
	else if (seal_keys_parse(
	             (struct text){ bytes, (uint32_t)length }, keys, why, why_size))
		status = STATUS_OK;
	sodium_free(bytes);
	return status;
}

enum status
seal_keys_read(const char *path, struct seal_keys **keys, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum status status = STATUS_INVALID;
	struct seal_keys *made = NULL;

	if (fd < 0) {
		snprintf(why, why_size, "cannot be opened: %s", strerror(errno));
		return errno == ENOENT ? STATUS_ABSENT : STATUS_INVALID;
	}
	if (!may_read(fd, why, why_size))
		goto out;
	hash_init();
	made = sodium_malloc(sizeof *made);
	if (made == NULL) {
		snprintf(why, why_size, "out of memory");
		status = STATUS_NO_MEMORY;
		goto out;
	}
	memset(made, 0, sizeof *made);
	status = read_fd(fd, made, why, why_size);
	if (status == STATUS_OK) {
		*keys = made;
		made = NULL;
	}
out:
	seal_keys_free(made);
	close(fd);
	return status;
}

void
seal_keys_free(struct seal_keys *keys)
{
	sodium_free(keys);
}

/* Writes "1 HEX64\n" to the file and the disk.  NULL, or the call that failed. */
static const char *
write_new_key(int fd)
{
	uint8_t key[SEAL_KEY_BYTES];
	char text[2 + HEX_BYTES + 1] = "1 ";
	const char *failed = NULL;

	hash_init();
	randombytes_buf(key, sizeof key);
	sodium_bin2hex(text + 2, HEX_BYTES + 1, key, sizeof key);
	text[sizeof text - 1] = '\n';
	if (write(fd, text, sizeof text) != (ssize_t)sizeof text)
		failed = "write";
	else if (fsync(fd) < 0)
		failed = "fsync";
	sodium_memzero(key, sizeof key);
	sodium_memzero(text, sizeof text);
	return failed;
}

/* So that the name outlives a power cut too. */
static void
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof folder, "%.*s",
	    slash != NULL ? (int)(slash - path) + 1 : 1, slash != NULL ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* The name appears with link(2), when the whole key is on disk: two processes that start
 * at once agree on one key, and a crash leaves no half of one. */
enum status
seal_create(const char *path, char *why, size_t why_size)
{
	char temporary[PATH_MAX];
	const char *failed;
	int error;
	int fd;

	if (access(path, F_OK) == 0)
		return STATUS_DUP;
	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >=
	        (int)sizeof temporary ||
	    (fd = mkostemp(temporary, O_CLOEXEC)) < 0) {
		snprintf(why, why_size, "cannot be made: %s", strerror(errno));
		return STATUS_UNAVAILABLE;
	}
	failed = write_new_key(fd);
	if (failed == NULL && link(temporary, path) < 0)
		failed = "link";
	error = errno;
	unlink(temporary);
	close(fd);
	if (failed == NULL) {
		sync_folder(path);
		return STATUS_OK;
	}
	snprintf(why, why_size, "%s: %s", failed, strerror(error));
	return error == EEXIST ? STATUS_DUP : STATUS_UNAVAILABLE;
}
