/* SPDX-License-Identifier: Apache-2.0
 * What cases.c, cases_reply.c and cases_read.c share; nobody else includes it. */
#ifndef COMMON_CASES_PRIVATE_H
#define COMMON_CASES_PRIVATE_H

#include "common/cases.h"
#include "common/id.h"
#include "common/keys.h"

/* FCALL, name, 1, tag, then at most 13 + 16 of accept, 12 + 8 * 4 of offer, 2 + 64 * 2 of
 * extend, 5 + 2 * CASES_ARCHIVE_MOST of archive_drop. */
#define ARGUMENTS_MAX 264

/* An argument vector under construction. */
struct arguments {
	struct text list[ARGUMENTS_MAX];
	uint32_t count;
	bool is_cut;      /* more than there is room for: not sent */
	bool is_gathered; /* may go together with others of the function */
	char numbers[2048];
	uint32_t used;
};

struct pending;
/* Turns Redis' reply into the result; `status` of the result is set already for all but
 * OK. */
typedef void read_reply(
    struct pending *pending, const struct store_value *value, struct case_result *result);

/* One call under way. */
struct pending {
	struct cases *cases;
	struct pending *next;
	read_reply *read;
	cases_done *done;
	void *ctx;
	char what[CASES_WORD_BYTES]; /* get: the case; find, list: the word */
	unsigned offset, most;       /* list; get: of the timeline */
	union {
		cases_on_work *on_work;
		cases_on_id *on_id;
		cases_got *got;
		cases_shaped *shaped;
		cases_channel_got *channel;
		cases_on_transition *on_line;
		cases_on_account *on_account;
		cases_on_check *on_check;
		cases_held_got *held;
		cases_journal_from *from;
		cases_counted *counted;
		cases_place_counted *place;
	} each;
};

struct cases {
	struct store *store;
	struct archive *archive; /* NULL: none is attached */
	char cell[32];
	char tag[40]; /* "{cell}" */
	struct pending *free;
	struct pending_block *blocks;
	struct work work;
	/* The case that is being shown: large, so kept here. */
	struct case_record *record;
	struct store_value *older,
	    *archived; /* what it points into; NULL: Redis' reply alone */
	char need_ids[CASE_NEEDS_MAX][ID_ITEM_MAX];
	char referral_ids[64][ID_ITEM_MAX];
	char item_ids[256][ID_ITEM_MAX];
};

/* Begins "FCALL hl_NAME 1 {cell}"; gather: of a function that has a sister hl_NAME_many. */
void arguments_begin(
    struct arguments *arguments, const struct cases *cases, const char *function);
void arguments_gather(
    struct arguments *arguments, const struct cases *cases, const char *function);
void arguments_text(struct arguments *arguments, struct text text);
void arguments_word(struct arguments *arguments, const char *word);
void arguments_number(struct arguments *arguments, int64_t number);
/* The number, or an empty text for UINT_ABSENT. */
void arguments_version(struct arguments *arguments, uint32_t version);

/* Begins a plain command on one key of the cell; `key` must outlive the send.
 * False: the name is too long. */
bool arguments_key(struct arguments *arguments, char key[KEY_MAX_BYTES],
    const struct cases *cases, const char *command, const char *first, const char *second,
    const char *third);

/* A call of this cell; NULL: out of memory. */
struct pending *pending_take(
    struct cases *cases, read_reply *read, cases_done *done, void *ctx);
/* Sends; gives the pending back where it was not accepted. */
enum status pending_send(struct pending *pending, struct text route,
    const struct arguments *arguments) MUST_CHECK;

/* Reads a case from its fields and journal lines, newest first, into cases->record. */
void record_read(struct cases *cases, struct text case_id,
    const struct store_value *fields, const struct store_value *lines,
    unsigned timeline_most);
/* A list of values under construction, as Redis would say it. */
struct packing {
	FILE *out;
	char *bytes;
	size_t length;
	unsigned count;
};
/* False: out of memory; packing_end is called all the same, and the bytes are freed. */
bool packing_begin(struct packing *packing);
bool packing_end(struct packing *packing);
/* The field that the archive keeps apart, so that it can be erased. */
#define KEY_FIELD "key"

/* Lets go of what the record points into besides Redis' reply. */
void record_free(struct cases *cases);
/* The lines that the archive has from that one on, as a value like Redis' own, to be freed; NULL:
 * none, or no archive. */
struct store_value *archived_lines(
    struct cases *cases, struct text line_id, unsigned most);
/* Reads the case from the archive instead.  OK, ABSENT, BUSY, UNAVAILABLE, NO_MEMORY. */
enum status record_read_archived(
    struct cases *cases, struct text case_id, unsigned timeline_most) MUST_CHECK;
/* Archived cases after those of the reply, without those that are in both. */
void find_archived(
    struct pending *pending, const struct store_value *ids, struct case_result *result);

/* Readers of replies. */
read_reply read_accept, read_answer, read_withdraw, read_amend, read_claim, read_extend,
    read_nack, read_reap, read_offer, read_told, read_simple;
/* Fills `work` from names and values of a reply, from element `from` on. */
void work_read(struct work *work, const struct store_value *value, size_t from);
uint32_t value_version(const struct store_value *value);

#endif
