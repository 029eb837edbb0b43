/* SPDX-License-Identifier: Apache-2.0
 * One page, mapped. */
#include "common/worknote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

/* Another layout is another word: what an older version left is passed over. */
#define LAYOUT "hearthline work 1"

/* The file.  What is not plausible counts as nothing: it may be torn by a machine's death. */
struct page {
	char layout[24];
	char start[ID_UUID_BYTES + 1];
	char item[ID_ITEM_MAX];
	uint32_t attempt;
	atomic_uint
	    stage; /* 0: in the middle of nothing; the others are valid while it is not */
};

struct worknote {
	int fd;
	struct page *page;
	char start[ID_UUID_BYTES + 1];
};

static enum status
explain(
    char *why, size_t why_size, enum status status, const char *path, const char *reason)
{
	(void)snprintf(why, why_size, "%.200s: %s", path, reason);
	return status;
}

static bool
is_text(const char *text, size_t size)
{
	return text[0] != '\0' && memchr(text, '\0', size) != NULL;
}

static void
read_death(const struct page *page, struct worknote_death *death)
{
	unsigned stage = atomic_load(&page->stage);

	*death = (struct worknote_death){ .stage = (enum stage)0 };
	if (memcmp(page->layout, LAYOUT, sizeof LAYOUT) != 0 ||
	    code_word(CODE_SET_stage, stage) == NULL ||
	    !is_text(page->item, sizeof page->item) ||
	    !is_text(page->start, sizeof page->start))
		return;
	death->stage = (enum stage)stage;
	death->attempt = page->attempt;
	memcpy(death->item, page->item, sizeof death->item);
	memcpy(death->id, page->start, sizeof death->id);
}

static enum status
open_page(struct worknote *note, const char *path, char *why, size_t why_size)
{
	void *page;

	note->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (note->fd < 0)
		return explain(why, why_size, STATUS_UNAVAILABLE, path, strerror(errno));
	if (flock(note->fd, LOCK_EX | LOCK_NB) != 0)
		return explain(why, why_size, STATUS_BUSY, path,
		    "another process of this name is running");
	/* Not ftruncate: with the disk full a page without a place would be a SIGBUS. */
	errno = posix_fallocate(note->fd, 0, sizeof *note->page);
	if (errno != 0)
		return explain(why, why_size, STATUS_UNAVAILABLE, path, strerror(errno));
	page = mmap(
	    NULL, sizeof *note->page, PROT_READ | PROT_WRITE, MAP_SHARED, note->fd, 0);
	if (page == MAP_FAILED)
		return explain(why, why_size, STATUS_UNAVAILABLE, path, strerror(errno));
	note->page = page;
	return STATUS_OK;
}

enum status
worknote_open(const char *path, struct worknote **opened, struct worknote_death *death,
    char *why, size_t why_size)
{
	struct worknote *note = calloc(1, sizeof *note);
	enum status status;

	*opened = NULL;
	if (note == NULL)
		return explain(why, why_size, STATUS_UNAVAILABLE, path, "out of memory");
	status = open_page(note, path, why, why_size);
	if (status != STATUS_OK) {
		worknote_close(note);
		return status;
	}
	read_death(note->page, death);
	id_uuid7(note->start);
	*opened = note;
	return STATUS_OK;
}

void
worknote_close(struct worknote *note)
{
	if (note == NULL)
		return;
	if (note->page != NULL)
		(void)munmap(note->page, sizeof *note->page);
	if (note->fd >= 0)
		(void)close(note->fd);
	free(note);
}

/* The stage goes in last: a process may die between any two of these. */
void
worknote_begin(
    struct worknote *note, enum stage stage, const char *item, uint32_t attempt)
{
	struct page *page = note->page;

	atomic_store(&page->stage, 0);
	memcpy(page->layout, LAYOUT, sizeof LAYOUT);
	memcpy(page->start, note->start, sizeof page->start);
	(void)snprintf(page->item, sizeof page->item, "%s", item);
	page->attempt = attempt;
	atomic_store(&page->stage, (unsigned)stage);
}

void
worknote_end(struct worknote *note)
{
	atomic_store(&note->page->stage, 0);
}
