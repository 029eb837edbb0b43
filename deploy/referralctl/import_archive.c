/* SPDX-License-Identifier: Apache-2.0
 * Unpacks into a folder, file by file. */
#include "deploy/referralctl/import_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define BLOCK_BYTES ((size_t)64 << 10)
#define MAGIC_BYTES 262 /* "ustar" stands at 257 */
#define OPEN_MOST 16

struct import_archive {
	char folder[PATH_BYTES]; /* empty: none was made */
	char path[PATH_BYTES];
	int64_t packed_bytes, written_bytes;
	unsigned files;
	char *why;
};

static const struct {
	size_t at, length;
	const char *bytes;
} MAGICS[] = {
	{ 0, 4, "PK\3\4" },
	{ 0, 4, "PK\5\6" }, /* an empty zip */
	{ 0, 2, "\x1f\x8b" },
	{ 0, 3, "BZh" },
	{ 0, 6,
	    "\xfd"
	    "7zXZ\0" },
	{ 0, 4, "\x28\xb5\x2f\xfd" },
	{ 257, 5, "ustar" },
};

bool
import_archive_is(const char *path)
{
	struct stat about;
	char bytes[MAGIC_BYTES] = "";
	bool is_archive = false;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (file < 0)
		return false;
	if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
	    pread(file, bytes, sizeof bytes, 0) > 0)
		for (size_t i = 0; i < sizeof MAGICS / sizeof *MAGICS; i++)
			is_archive |= memcmp(bytes + MAGICS[i].at, MAGICS[i].bytes,
			                  MAGICS[i].length) == 0;
	close(file);
	return is_archive;
}

static enum status
refuse(struct import_archive *archive, const char *why, const char *what)
{
	snprintf(archive->why, ARCHIVE_WHY_BYTES, "%s%s%s", why, what ? ": " : "",
	    what ? what : "");
	return STATUS_UNSUPPORTED;
}

/* ---- one file ---- */

/* Names within the folder, none hidden, none of what a Mac adds. */
static bool
is_wanted(const char *name)
{
	if (name == NULL || name[0] == '/' || strlen(name) > PATH_BYTES / 4 ||
	    strncmp(name, "__MACOSX/", 9) == 0)
		return false;
	for (const char *part = name; part != NULL;
	     part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (part[0] == '.' || part[0] == '/')
			return false;
	return name[0] != '\0' && name[strlen(name) - 1] != '/';
}

/* A file in the folder, with the folders that it stands in.  -1: errno says why. */
static int
create(const struct import_archive *archive, const char *name)
{
	char path[2 * PATH_BYTES];
	size_t begin = strlen(archive->folder) + 1;

	snprintf(path, sizeof path, "%s/%s", archive->folder, name);
	for (char *slash = strchr(path + begin, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool
is_too_much(const struct import_archive *archive)
{
	int64_t most = ARCHIVE_FREE_BYTES + archive->packed_bytes * ARCHIVE_SWELLS_MOST;

	return archive->written_bytes > ARCHIVE_MOST_BYTES ||
	       archive->written_bytes > most;
}

static enum status
write_block(struct import_archive *archive, int file, const char *bytes, size_t length)
{
	archive->written_bytes += (int64_t)length;
	if (is_too_much(archive))
		return refuse(archive, "it holds more than is taken unpacked", NULL);
	while (length > 0) {
		ssize_t count = write(file, bytes, length);

		if (count < 0 && errno != EINTR)
			return refuse(archive, "cannot be unpacked", strerror(errno));
		if (count > 0) {
			bytes += count;
			length -= (size_t)count;
		}
	}
	return STATUS_OK;
}

static enum status
unpack_file(struct import_archive *archive, struct archive *from, const char *name)
{
	static char block[BLOCK_BYTES];
	enum status status = STATUS_OK;
	ssize_t count = 0;
	int file;

	if (++archive->files > ARCHIVE_FILES_MOST)
		return refuse(archive, "it holds too many files", NULL);
	file = create(archive, name);
	if (file < 0)
		return refuse(archive, name, strerror(errno));
	while (status == STATUS_OK &&
	       (count = archive_read_data(from, block, sizeof block)) > 0)
		status = write_block(archive, file, block, (size_t)count);
	close(file);
	if (status == STATUS_OK && count < 0)
		return refuse(archive, name, archive_error_string(from));
	return status;
}

/* ---- all of them ---- */

/* The name of a file that stands alone: as the packed one, without ".gz". */
static void
name_alone(const char *path, char name[PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	char *dot;

	snprintf(name, PATH_BYTES, "%s", slash ? slash + 1 : path);
	dot = strrchr(name, '.');
	if (dot != NULL && dot > name)
		*dot = '\0';
}

static enum status
unpack_entry(struct import_archive *archive, struct archive *from,
    struct archive_entry *entry, const char *path)
{
	const char *name = archive_entry_pathname_utf8(entry);
	char alone[PATH_BYTES];

	if (name == NULL)
		name = archive_entry_pathname(entry);
	if (archive_format(from) == ARCHIVE_FORMAT_RAW) {
		name_alone(path, alone);
		name = alone;
	}
	while (name != NULL && strncmp(name, "./", 2) == 0)
		name += 2;
	if (archive_entry_filetype(entry) != AE_IFREG || !is_wanted(name))
		return STATUS_OK;
	if (strcmp(name, "[Content_Types].xml") == 0 || strcmp(name, "content.xml") == 0)
		return refuse(archive,
		    "a spreadsheet: save the sheet as CSV, and import that", NULL);
	return unpack_file(archive, from, name);
}

static enum status
unpack_all(struct import_archive *archive, struct archive *from, const char *path)
{
	struct archive_entry *entry;
	enum status status = STATUS_OK;
	int said;

	if (archive_read_open_filename(from, path, BLOCK_BYTES) != ARCHIVE_OK)
		return refuse(archive, "cannot be unpacked", archive_error_string(from));
	while (status == STATUS_OK &&
	       (said = archive_read_next_header(from, &entry)) != ARCHIVE_EOF) {
		if (said != ARCHIVE_OK && said != ARCHIVE_WARN)
			return refuse(
			    archive, "cannot be unpacked", archive_error_string(from));
		status = unpack_entry(archive, from, entry, path);
	}
	if (status == STATUS_OK && archive->files == 0)
		return refuse(archive, "it holds no file", NULL);
	return status;
}

static enum status
unpack(struct import_archive *archive, const char *path)
{
	struct archive *from = archive_read_new();
	enum status status = STATUS_NO_MEMORY;

	if (from == NULL)
		return STATUS_NO_MEMORY;
	if (archive_read_support_filter_all(from) >= ARCHIVE_WARN &&
	    archive_read_support_format_zip(from) == ARCHIVE_OK &&
	    archive_read_support_format_tar(from) == ARCHIVE_OK &&
	    archive_read_support_format_raw(from) == ARCHIVE_OK)
		status = unpack_all(archive, from, path);
	archive_read_free(from);
	return status;
}

static int
is_unpacked(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Steps into what stands alone: a file, or a folder around all. */
static void
find_path(struct import_archive *archive)
{
	struct dirent **entries;
	struct stat about;
	int count = 0;

	snprintf(archive->path, sizeof archive->path, "%s", archive->folder);
	do {
		size_t length = strlen(archive->path);

		count = scandir(archive->path, &entries, is_unpacked, alphasort);
		if (count == 1)
			snprintf(archive->path + length, sizeof archive->path - length,
			    "/%s", entries[0]->d_name);
		for (int i = 0; i < count; i++)
			free(entries[i]);
		if (count >= 0)
			free(entries);
	} while (
	    count == 1 && stat(archive->path, &about) == 0 && S_ISDIR(about.st_mode));
}

enum status
import_archive_open(
    struct import_archive **archive, const char *path, char why[ARCHIVE_WHY_BYTES])
{
	struct import_archive *made = calloc(1, sizeof *made);
	const char *folder = getenv("TMPDIR");
	struct stat about;
	enum status status;

	*archive = made;
	if (made == NULL)
		return STATUS_NO_MEMORY;
	made->why = why;
	if (folder == NULL || strlen(folder) > PATH_BYTES / 4)
		folder = "/tmp";
	if (stat(path, &about) != 0)
		return STATUS_ABSENT;
	made->packed_bytes = about.st_size;
	snprintf(made->folder, sizeof made->folder, "%s/referralctl-XXXXXX", folder);
	if (mkdtemp(made->folder) == NULL) {
		made->folder[0] = '\0';
		return STATUS_ABSENT;
	}
	status = unpack(made, path);
	if (status == STATUS_OK)
		find_path(made);
	return status;
}

static int
remove_one(const char *path, const struct stat *about, int flag, struct FTW *walk)
{
	(void)about;
	(void)flag;
	(void)walk;
	return remove(path);
}

void
import_archive_close(struct import_archive *archive)
{
	if (archive == NULL)
		return;
	if (archive->folder[0] != '\0')
		(void)nftw(archive->folder, remove_one, OPEN_MOST, FTW_DEPTH | FTW_PHYS);
	free(archive);
}

const char *
import_archive_path(const struct import_archive *archive)
{
	return archive->path;
}
