/* SPDX-License-Identifier: Apache-2.0
 * LD_PRELOAD for a matcher: it dies when it opens the facts of a poisoned case.
 *
 * $POISON names a file with the ids of such cases.  Who opens one of them makes the pipe
 * $POISON.PID, so that a test can look at the dying in peace, and aborts when that is written to. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "matcher"
#define ID_BYTES 26

typedef int decrypt(unsigned char *, unsigned long long *, unsigned char *,
    const unsigned char *, unsigned long long, const unsigned char *, unsigned long long,
    const unsigned char *, const unsigned char *);

decrypt crypto_aead_xchacha20poly1305_ietf_decrypt;

/* Whether the bound data name a case of the file. */
static int
is_poisoned(const char *path, const unsigned char *bound, unsigned long long length)
{
	char ids[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, ids, sizeof ids);

	if (fd >= 0)
		(void)close(fd);
	for (ssize_t i = 0; i + ID_BYTES <= size; i += ID_BYTES + 1)
		if (memmem(bound, (size_t)length, ids + i, ID_BYTES) != NULL)
			return 1;
	return 0;
}

static void
die(const char *path)
{
	char pipe[4096];

	(void)snprintf(pipe, sizeof pipe, "%s.%d", path, (int)getpid());
	if (mkfifo(pipe, 0600) == 0)
		(void)open(pipe, O_RDONLY); /* until the test opens the other end */
	abort();
}

int
crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen,
    unsigned char *nsec, const unsigned char *c, unsigned long long clen,
    const unsigned char *ad, unsigned long long adlen, const unsigned char *npub,
    const unsigned char *k)
{
	static decrypt *next;
	const char *path = getenv("POISON");

	if (next == NULL)
		*(void **)&next =
		    dlsym(RTLD_NEXT, "crypto_aead_xchacha20poly1305_ietf_decrypt");
	if (path != NULL && strcmp(program_invocation_short_name, PROGRAM) == 0 &&
	    is_poisoned(path, ad, adlen))
		die(path);
	return next(m, mlen, nsec, c, clen, ad, adlen, npub, k);
}
