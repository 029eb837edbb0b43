/* SPDX-License-Identifier: Apache-2.0
 * Lists of texts that many services have alike are kept once. */
#include "services/matcher/index_private.h"

static const struct texts NO_TEXTS = { .count = 0 };

/* The texts, each behind its length: no two lists have the same.  Absent and empty differ. */
static size_t
write_bytes(const struct text *texts, uint32_t count, char *bytes)
{
	size_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t length = texts[i].at == NULL ? UINT32_MAX : texts[i].length;

		if (bytes != NULL) {
			memcpy(bytes + at, &length, sizeof length);
			if (texts[i].length > 0)
				memcpy(bytes + at + sizeof length, texts[i].at,
				    texts[i].length);
		}
		at += sizeof length + texts[i].length;
	}
	return at;
}

/* Its texts point into its own bytes. */
static void
point_inside(
    struct texts *texts, const struct text *as, uint32_t count, const char *bytes)
{
	texts->count = count;
	for (uint32_t i = 0; i < count; i++) {
		bytes += sizeof(uint32_t);
		texts->at[i] = as[i];
		if (as[i].at != NULL)
			texts->at[i].at = bytes;
		bytes += as[i].length;
	}
}

/* Not in the table yet.  NULL: out of memory. */
static struct listed_texts *
list_new(const struct text *texts, uint32_t count, char **bytes)
{
	size_t length = write_bytes(texts, count, NULL);
	struct listed_texts *list =
	    index_memory(NULL, 0, sizeof *list + count * sizeof *texts + length);

	if (list == NULL)
		return NULL;
	*list = (struct listed_texts){ .length = (uint32_t)length };
	*bytes = (char *)&list->texts.at[count];
	(void)write_bytes(texts, count, *bytes);
	point_inside(&list->texts, texts, count, *bytes);
	return list;
}

bool
texts_take(struct index *index, const struct text *texts, uint32_t count,
    const struct texts **taken)
{
	struct listed_texts *made, *list;
	char *bytes;

	*taken = &NO_TEXTS;
	if (count == 0)
		return true;
	made = list_new(texts, count, &bytes);
	if (made == NULL)
		return false;
	HASH_FIND(by_bytes, index->lists, bytes, made->length, list);
	if (list != NULL) {
		free(made);
	} else {
		list = made;
		HASH_ADD_KEYPTR(by_bytes, index->lists, bytes, made->length, made);
		if (made->by_bytes.tbl == NULL) {
			free(made);
			return false;
		}
	}
	list->uses++;
	*taken = &list->texts;
	return true;
}

void
texts_give(struct index *index, const struct texts *texts)
{
	struct listed_texts *list;

	if (texts == NULL || texts->count == 0)
		return;
	list = (struct listed_texts *)((uintptr_t)texts -
	                               offsetof(struct listed_texts, texts));
	if (--list->uses > 0)
		return;
	HASH_DELETE(by_bytes, index->lists, list);
	free(list);
}
