/* SPDX-License-Identifier: Apache-2.0
 * Maps a file, or a copy of what cannot be mapped. */
#include "deploy/referralctl/import_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Given back at a time. */
#define PASS_BYTES ((size_t)8 << 20)

static void
on_shorter(int number)
{
	static const char WORDS[] =
	    "referralctl import: the file became shorter while it was read; nothing was "
	    "changed\n";
	ssize_t ignored = write(STDERR_FILENO, WORDS, sizeof WORDS - 1);

	(void)number;
	(void)ignored;
	_exit(EXIT_FAILURE);
}

static bool
write_all(int to, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(to, bytes, length);

		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0) {
			bytes += count;
			length -= (size_t)count;
		}
	}
	return true;
}

/* A file that is gone when it is closed.  -1: errno says why. */
static int
open_nameless(void)
{
	static const char NAME[] = "/referralctl-XXXXXX";
	char path[4096];
	const char *folder = getenv("TMPDIR");
	int file;

	if (folder == NULL || strlen(folder) > sizeof path - sizeof NAME)
		folder = "/tmp";
	(void)snprintf(path, sizeof path, "%s%s", folder, NAME);
	file = mkostemp(path, O_CLOEXEC);
	if (file >= 0)
		unlink(path);
	return file;
}

/* -1: errno says why. */
static int
copy(int from)
{
	char bytes[1 << 16];
	int to = open_nameless();
	int saved;

	for (;;) {
		ssize_t count = to < 0 ? 0 : read(from, bytes, sizeof bytes);

		if (count < 0 && errno == EINTR)
			continue;
		if (count > 0 && write_all(to, bytes, (size_t)count))
			continue;
		if (count == 0)
			return to;
		saved = errno;
		close(to);
		errno = saved;
		return -1;
	}
}

/* Takes the descriptor. */
static enum status
map(struct import_file *file, int descriptor)
{
	struct stat about;
	void *bytes = MAP_FAILED;
	int saved;

	if (fstat(descriptor, &about) == 0 && about.st_size > 0)
		bytes = mmap(
		    NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	saved = errno;
	close(descriptor);
	errno = saved;
	file->bytes = "";
	file->length = 0;
	if (bytes != MAP_FAILED) {
		file->is_mapped = true;
		file->bytes = bytes;
		file->length = (size_t)about.st_size;
		(void)madvise(bytes, file->length, MADV_SEQUENTIAL);
	}
	file->kept_from = file->bytes;
	return bytes != MAP_FAILED || about.st_size == 0 ? STATUS_OK : STATUS_ABSENT;
}

bool
import_file_keep_input(void)
{
	static bool is_kept;
	int copied = is_kept ? -1 : copy(STDIN_FILENO);

	if (copied < 0)
		return is_kept;
	is_kept = dup2(copied, STDIN_FILENO) == STDIN_FILENO;
	close(copied);
	return is_kept;
}

static int
open_named(const char *name)
{
	if (strcmp(name, "-") != 0)
		return open(name, O_RDONLY | O_CLOEXEC);
	return import_file_keep_input() ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : -1;
}

enum status
import_file_open(struct import_file *file, const char *name)
{
	struct stat about;
	int descriptor = open_named(name);
	int copied;

	*file = (struct import_file){ .name = name };
	if (descriptor < 0 || fstat(descriptor, &about) != 0)
		return STATUS_ABSENT;
	if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode)) {
		close(descriptor);
		errno = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
		return STATUS_ABSENT;
	}
	(void)signal(SIGBUS, on_shorter);
	if (S_ISREG(about.st_mode))
		return map(file, descriptor);
	copied = copy(descriptor);
	close(descriptor);
	return copied < 0 ? STATUS_ABSENT : map(file, copied);
}

void
import_file_pass(struct import_file *file, const char *at)
{
	size_t passed;

	if (!file->is_mapped || at < file->kept_from + PASS_BYTES)
		return;
	passed = (size_t)(at - file->kept_from) & ~(PASS_BYTES - 1);
	(void)madvise((void *)file->kept_from, passed, MADV_DONTNEED);
	file->kept_from += passed;
}

void
import_file_close(struct import_file *file)
{
	if (file->is_mapped)
		munmap((void *)file->bytes, file->length);
	*file = (struct import_file){ 0 };
}
