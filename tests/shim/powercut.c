/* SPDX-License-Identifier: Apache-2.0
 * LD_PRELOAD for redis-server: writes down what a power cut would leave of its files.
 *
 * What a program wrote is on disk only once fdatasync or fsync has returned, and a rename or
 * unlink only once the folder was synced.  Each line of $POWERCUT_LOG says one of these:
 *   S INODE BYTES         of this file so many bytes are on disk
 *   R FROM TO OLD         FROM became TO; OLD is a second name of what TO was, or -
 *   U PATH OLD            PATH is gone; OLD is a second name of it
 *   D                     a folder was synced: the R and U before are on disk
 * Paths are absolute, second names lie in $POWERCUT_LOG.d.  A line is written after the call
 * has returned, so who is killed between the two is thought to have lost more than it has. */
#define _FILE_OFFSET_BITS 64 /* truncate64 and ftruncate64, as Redis calls them */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "redis-server"

static int log_fd = -1;
static const char *log_path;
static atomic_uint names;

__attribute__((constructor)) static void
begin(void)
{
	log_path = getenv("POWERCUT_LOG");
	if (log_path != NULL && strcmp(program_invocation_short_name, PROGRAM) == 0)
		log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

__attribute__((format(printf, 1, 2))) static void
note(const char *format, ...)
{
	char line[3 * PATH_MAX];
	int error = errno, length;
	va_list list;

	va_start(list, format);
	length = vsnprintf(line, sizeof line, format, list);
	va_end(list);
	if (log_fd >= 0 && write(log_fd, line, (size_t)length) != length)
		abort(); /* the test would prove nothing */
	errno = error;
}

/* Another name for the file, so that its bytes outlive the first; "-" where it is not there. */
static void
keep(const char *path, char name[PATH_MAX])
{
	int error = errno;

	(void)snprintf(name, PATH_MAX, "%s.d/%d.%u", log_path, getpid(),
	    atomic_fetch_add(&names, 1));
	if (link(path, name) != 0)
		(void)strcpy(name, "-");
	errno = error;
}

static const char *
absolute(const char *path, char whole[PATH_MAX])
{
	char folder[PATH_MAX / 2];

	if (path[0] == '/' || getcwd(folder, sizeof folder) == NULL)
		return path;
	(void)snprintf(whole, PATH_MAX, "%s/%s", folder, path);
	return whole;
}

/* ---- what is on disk ---- */

static int
sync_with(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	struct stat before;
	bool is_known = log_fd >= 0 && fstat(fd, &before) == 0;
	int result = real(fd);

	if (result == 0 && is_known && S_ISDIR(before.st_mode))
		note("D\n");
	else if (result == 0 && is_known && S_ISREG(before.st_mode))
		note("S %llu %lld\n", (unsigned long long)before.st_ino,
		    (long long)before.st_size);
	return result;
}

int
fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int
fsync(int fd)
{
	return sync_with("fsync", fd);
}

/* ---- what is on disk only after the next sync of the folder ---- */

int
rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *) =
	    (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
	char old[PATH_MAX] = "-", one[PATH_MAX], two[PATH_MAX];
	int result;

	if (log_fd >= 0)
		keep(to, old);
	result = real(from, to);
	if (result == 0 && log_fd >= 0)
		note("R %s %s %s\n", absolute(from, one), absolute(to, two), old);
	return result;
}

int
unlink(const char *path)
{
	int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
	char old[PATH_MAX] = "-", whole[PATH_MAX];
	int result;

	if (log_fd >= 0)
		keep(path, old);
	result = real(path);
	if (result == 0 && log_fd >= 0 && strcmp(old, "-") != 0)
		note("U %s %s\n", absolute(path, whole), old);
	return result;
}

/* A file that was cut and grows again is on disk up to the cut. */
int
ftruncate(int fd, off_t size)
{
	int (*real)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
	int result = real(fd, size);
	struct stat after;

	if (result == 0 && log_fd >= 0 && fstat(fd, &after) == 0)
		note("S %llu %lld\n", (unsigned long long)after.st_ino, (long long)size);
	return result;
}

int
truncate(const char *path, off_t size)
{
	int (*real)(const char *, off_t) =
	    (int (*)(const char *, off_t))dlsym(RTLD_NEXT, "truncate");
	int result = real(path, size);
	struct stat after;

	if (result == 0 && log_fd >= 0 && stat(path, &after) == 0)
		note("S %llu %lld\n", (unsigned long long)after.st_ino, (long long)size);
	return result;
}
