/* SPDX-License-Identifier: Apache-2.0
 * Messages as plain structs, and the table that describes them.
 *
 * Every struct, field table and name comes from messages.def and codes.def.  Encoding,
 * decoding, JSON, checking, printing and the generated tests all walk the same table. */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "proto/status.h"
#include "proto/text.h"

/* The protocol's major version; a message with another one is answered UNSUPPORTED. */
#define MESSAGE_MAJOR 1
/* Largest message that is sent or looked at, in bytes. */
#define MESSAGE_MAX_BYTES (256 * 1024)
/* Defects reported for one message; more are counted only. */
#define DEFECTS_MAX 32

/* ---- coded values: 0 is absent, then the codes in the order of codes.def ---- */

/* clang-format off */
#define SET(set, about) enum set { set##_absent,
#define CODE(set, code, about) set##_##code,
#define END_SET(set) set##_end };
#include "proto/codes.def"
/* clang-format on */

enum code_set {
#define SET(set, about) CODE_SET_##set,
#define CODE(set, code, about)
#define END_SET(set)
#include "proto/codes.def"
	CODE_SETS
};

/* The word for a value ("single_father"); NULL for 0 or out of range. */
const char *code_word(enum code_set set, unsigned value);
/* The value of a word; 0 if the set does not hold it. */
unsigned code_value(enum code_set set, struct text word);
/* How many codes the set holds; values run from 1 to this. */
unsigned code_count(enum code_set set);
/* What a value means, one line. */
const char *code_about(enum code_set set, unsigned value);
/* The set's name. */
const char *code_set_name(enum code_set set);

/* ---- how absence looks in a struct (message_init sets all of it) ---- */

#define UINT_ABSENT UINT32_MAX
#define UINT_REFUSED (UINT32_MAX - 1) /* only in an ASKED field */
#define TIME_ABSENT INT64_MIN
/* REAL: NaN.  TEXT, BYTES: at == NULL.  CODE: 0.  ONE: has_NAME false.  lists: count 0 */
enum flag { FLAG_ABSENT, FLAG_NO, FLAG_YES };

/* ---- the structs ---- */

/* clang-format off */
#define RECORD(name, about) struct name {
#define END_RECORD(name) };
#define MESSAGE(name, from_to, about) struct name {
#define END_MESSAGE(name) };
#define TEXT(name, most, need, mark, about) struct text name;
#define BYTES(name, most, need, mark, about) struct text name;
#define UINT(name, largest, need, mark, about) uint32_t name;
#define ASKED(name, largest, need, mark, about) uint32_t name;
#define REAL(name, least, largest, need, mark, about) double name;
#define TIME(name, need, mark, about) int64_t name;
#define FLAG(name, need, mark, about) uint8_t name;
#define CODE(name, set, need, mark, about) uint8_t name;
#define CODES(name, set, most, need, mark, about)                                         \
	uint8_t name[most];                                                               \
	uint32_t name##_count;
#define TEXTS(name, bytes, most, need, mark, about)                                       \
	struct text name[most];                                                           \
	uint32_t name##_count;
#define UINTS(name, largest, most, need, mark, about)                                     \
	uint32_t name##_at[most];                                                         \
	uint32_t name##_count;
#define ONE(name, record, need, mark, about)                                              \
	bool has_##name;                                                                  \
	struct record name;
#define MANY(name, record, most, need, mark, about)                                       \
	struct record name[most];                                                         \
	uint32_t name##_count;
#include "proto/messages.def"
/* clang-format on */

enum message_kind {
	MESSAGE_NONE,
#define MESSAGE(name, from_to, about) MESSAGE_##name,
#include "proto/messages.def"
	MESSAGE_KINDS
};

/* One message: large (see messages.def), so keep one per place of use, set it up with
 * message_init and never copy it.  `id` pairs a reply with its question (the asker chooses,
 * up to 64 bytes, may be absent); `trace` is a W3C traceparent or absent. */
struct message {
	enum message_kind kind;
	struct text id;
	struct text trace;
	union {
#define MESSAGE(name, from_to, about) struct name name;
#include "proto/messages.def"
	};
};

/* ---- the table ---- */

enum field_type {
	FIELD_TEXT,
	FIELD_BYTES,
	FIELD_UINT,
	FIELD_ASKED,
	FIELD_REAL,
	FIELD_TIME,
	FIELD_FLAG,
	FIELD_CODE,
	FIELD_CODES,
	FIELD_TEXTS,
	FIELD_UINTS,
	FIELD_ONE,
	FIELD_MANY
};

enum mark { PLAIN, ROUTING, COARSE, PERSONAL };

struct record;

struct field {
	const char *name; /* NULL ends the list */
	uint32_t name_length;
	enum field_type type;
	bool is_required;
	enum mark mark;
	uint32_t offset;        /* of the value or the first element */
	uint32_t count_offset;  /* of NAME_count or has_NAME; 0 where neither exists */
	uint32_t most_bytes;    /* TEXT, BYTES, TEXTS: of one text */
	uint32_t element_bytes; /* lists: of one element, in memory */
	uint32_t most_count;    /* lists: elements */
	double least, largest;  /* UINT, ASKED, UINTS, REAL */
	enum code_set set;      /* CODE, CODES */
	const struct record *record; /* ONE, MANY */
	const char *about;
	const char *must;      /* the reason in a defect: what a legal value is */
	const char *must_each; /* the same for an element of a list */
};

struct record {
	const char *name;
	const char *about;
	const char *from_to; /* messages only, else NULL */
	uint32_t size;       /* of the struct */
	const struct field *fields;
};

#define RECORD(name, about) extern const struct record record_##name;
#define MESSAGE(name, from_to, about) extern const struct record record_##name;
#include "proto/messages.def"

/* The record of a kind; NULL for MESSAGE_NONE and out of range. */
const struct record *message_record(enum message_kind kind);
/* The kind of a name on the wire; MESSAGE_NONE if there is none. */
enum message_kind message_kind_of(struct text name);
/* Every record, messages included, NULL-terminated: for checks, documents and tests. */
const struct record *const *record_all(void);

/* ---- what is wrong with a message ---- */

/* Fields by path ("household.members[1].age"), with a reason that never echoes a value.
 * `count` may exceed DEFECTS_MAX; only the first ones are kept. */
struct defects {
	uint32_t count;
	struct {
		char field[96];
		const char *why; /* a literal */
	} list[DEFECTS_MAX];
};

/* Adds one, unless the field is named already; the path is printf-made and cut at 95 bytes. */
void defects_add(struct defects *defects, const char *why, const char *path_format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- filling, encoding, decoding ---- */

/* Sets every field of a record or message to absent, also inside each ONE.  Elements of a
 * list are not touched: before one is filled in, record_init it. */
void record_init(const struct record *record, void *values);
void message_init(struct message *message, enum message_kind kind);

/* Which fields an encoding holds.  NOT_PERSONAL leaves out what is marked PERSONAL, at every depth;
 * what is COARSE its caller has rounded.  PERSONAL holds the others: what is PERSONAL or COARSE,
 * and whatever that stands in; of a list every element, since they are put together by position. */
enum mask { MASK_ALL, MASK_NOT_PERSONAL, MASK_PERSONAL };

/* Holds the memory of one decoded message: texts of a decoded message point into the
 * decoder's input, and lists into nothing, so a message is valid as long as its input.
 * One per place of use; allocates at creation only.  NULL: out of memory. */
struct decoder;
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/* Writes a msgpack map {"v","kind","id"?,"trace"?, fields...}.  Absent fields are left out.
 * OK; TOO_LARGE: buffer too small, *length is undefined.  Allocates nothing. */
enum status message_encode(
    const struct message *message, void *buffer, size_t size, size_t *length) MUST_CHECK;
/* The same for a record alone, without v and kind. */
enum status record_encode(const struct record *record, const void *values, enum mask mask,
    void *buffer, size_t size, size_t *length) MUST_CHECK;

/* The same packed for storage, never sent: the byte 1 (version of this form), then a map with
 * one character for a field's position in its record, 'A' the first, numbers for codes, and
 * integers for reals that are whole in thousandths.  So new fields go to the end of a record. */
enum status record_pack(const struct record *record, const void *values, enum mask mask,
    void *buffer, size_t size, size_t *length) MUST_CHECK;

/* Reads one message that ends exactly at the last byte.  Keys that the table does not hold
 * are passed over.  kind and id are set as far as they could be read, so that a refusal can
 * be addressed.
 * BAD_MESSAGE: not a bounded msgpack map, no kind, or a kind nobody knows.
 * UNSUPPORTED: another major version; nothing but id was read.
 * INVALID: `defects` names every field that is missing, of another type or out of bounds.
 * `defects` starts afresh; for BAD_MESSAGE and UNSUPPORTED it holds one, what is wrong. */
enum status message_decode(struct decoder *decoder, struct message *message,
    const void *bytes, size_t length, struct defects *defects) MUST_CHECK;
/* The same for a record alone; values are initialised first. */
enum status record_decode(struct decoder *decoder, const struct record *record,
    void *values, const void *bytes, size_t length, struct defects *defects) MUST_CHECK;
enum status record_unpack(struct decoder *decoder, const struct record *record,
    void *values, const void *bytes, size_t length, struct defects *defects) MUST_CHECK;
/* Reads what was packed with MASK_PERSONAL onto what was unpacked of MASK_NOT_PERSONAL; all of a
 * record may lie on a part of it, too.  INVALID: also where the two do not make a whole record. */
enum status record_unpack_onto(struct decoder *decoder, const struct record *record,
    void *values, const void *bytes, size_t length, struct defects *defects) MUST_CHECK;

/* Checks a record built in C or read from JSON against the table's bounds; adds to
 * `defects`. */
void record_check(
    const struct record *record, const void *values, struct defects *defects);

/* Prints "kind id field=value ..." for logs: fields that are not PLAIN show as *** and
 * lists as their count.  Always terminated; cut where the buffer ends. */
void message_print(const struct message *message, char *buffer, size_t size);

#endif
