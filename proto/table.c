/* SPDX-License-Identifier: Apache-2.0
 * codes.def and messages.def as data: words, fields and records.  Macros make data only.
 */
#include "proto/message.h"

/* ---- codes ---- */

struct code {
	const char *word;
	const char *about;
};

#define SET(set, about_) static const struct code CODES_##set[] = { { NULL, "absent" },
#define CODE(set, code, about_) { #code, about_ },
#define END_SET(set)                                                                     \
	}                                                                                \
	;
#include "proto/codes.def"

/* clang-format off */
static const struct {
	const char *name;
	const struct code *codes;
	unsigned end;
} SETS[CODE_SETS] = {
#define SET(set, about_) [CODE_SET_##set] = { #set, CODES_##set, set##_end },
#define CODE(set, code, about_)
#define END_SET(set)
#include "proto/codes.def"
};

/* "must be one of: a b c" of every set. */
#define SET(set, about_) static const char MUST_BE_##set[] = "must be one of:"
#define CODE(set, code, about_) " " #code
#define END_SET(set) ;
#include "proto/codes.def"
/* clang-format on */

unsigned
code_count(enum code_set set)
{
	return SETS[set].end - 1;
}

const char *
code_word(enum code_set set, unsigned value)
{
	return value < SETS[set].end ? SETS[set].codes[value].word : NULL;
}

const char *
code_about(enum code_set set, unsigned value)
{
	return value < SETS[set].end ? SETS[set].codes[value].about : NULL;
}

const char *
code_set_name(enum code_set set)
{
	return SETS[set].name;
}

unsigned
code_value(enum code_set set, struct text word)
{
	for (unsigned value = 1; value < SETS[set].end; value++)
		if (text_is(word, SETS[set].codes[value].word))
			return value;
	return 0;
}

/* ---- fields ----
 * offsetof needs the struct's name, which a field's line does not know.  So each list is
 * made in a function where `owner` names the struct, and copied at start-up to where its
 * record points. */

#define LEAST_REQUIRED "1"
#define LEAST_OPTIONAL "0"
#define IS_REQUIRED true
#define IS_OPTIONAL false

/* A reason has at most 160 bytes (messages.def: defect.why); the set's words if they fit.
 */
#define MUST_CODE(set)                                                                   \
	(sizeof MUST_BE_##set <= 161 ? MUST_BE_##set : "must be a word of the set " #set)
#define MUST_TEXT(most) "must be UTF-8 text without NUL of at most " #most " bytes"
#define MUST_UINT(largest) "must be an integer from 0 to " #largest
#define MUST_LIST(most, need, of) "must be a list of " LEAST_##need " to " #most " " of

#define FIELD(name_, kind, need, mark_, about_)                                          \
	.name = #name_, .name_length = sizeof #name_ - 1, .type = FIELD_##kind,          \
	.is_required = IS_##need, .mark = mark_, .about = about_

/* How many fields each record has. */
/* clang-format off */
#define RECORD(name, about) enum { COUNT_##name = 0
#define END_RECORD(name) };
#define MESSAGE(name, from_to, about) enum { COUNT_##name = 0
#define END_MESSAGE(name) };
#define TEXT(...) + 1
#define BYTES(...) + 1
#define UINT(...) + 1
#define ASKED(...) + 1
#define REAL(...) + 1
#define TIME(...) + 1
#define FLAG(...) + 1
#define CODE(...) + 1
#define CODES(...) + 1
#define TEXTS(...) + 1
#define UINTS(...) + 1
#define ONE(...) + 1
#define MANY(...) + 1
#include "proto/messages.def"

#define RECORD(name_, about_)                                                            \
	static struct field FIELDS_##name_[COUNT_##name_ + 1];                           \
	const struct record record_##name_ = { .name = #name_, .about = about_,          \
		.size = sizeof(struct name_), .fields = FIELDS_##name_ };
#define MESSAGE(name_, from_to_, about_)                                                 \
	static struct field FIELDS_##name_[COUNT_##name_ + 1];                           \
	const struct record record_##name_ = { .name = #name_, .about = about_,          \
		.from_to = from_to_, .size = sizeof(struct name_),                       \
		.fields = FIELDS_##name_ };
#include "proto/messages.def"

#define BEGIN(name)                                                                      \
	__attribute__((constructor)) static void fill_##name(void)                       \
	{                                                                                \
		typedef struct name owner;                                               \
		static const struct field LIST[COUNT_##name + 1] = {
#define END(name)                                                                        \
		};                                                                       \
		memcpy(FIELDS_##name, LIST, sizeof LIST);                                \
	}
#define RECORD(name, about) BEGIN(name)
#define END_RECORD(name) END(name)
#define MESSAGE(name, from_to, about) BEGIN(name)
#define END_MESSAGE(name) END(name)

#define TEXT(name, most, need, mark, about)                                              \
	{ FIELD(name, TEXT, need, mark, about), .offset = offsetof(owner, name),         \
	    .most_bytes = most, .must = MUST_TEXT(most) },
#define BYTES(name, most, need, mark, about)                                             \
	{ FIELD(name, BYTES, need, mark, about), .offset = offsetof(owner, name),        \
	    .most_bytes = most, .must = "must be at most " #most " bytes of binary data" },
#define UINT(name, largest_, need, mark, about)                                          \
	{ FIELD(name, UINT, need, mark, about), .offset = offsetof(owner, name),         \
	    .largest = largest_, .must = MUST_UINT(largest_) },
#define ASKED(name, largest_, need, mark, about)                                         \
	{ FIELD(name, ASKED, need, mark, about), .offset = offsetof(owner, name),        \
	    .largest = largest_, .must = MUST_UINT(largest_) ", or \"refused\"" },
#define REAL(name, least_, largest_, need, mark, about)                                  \
	{ FIELD(name, REAL, need, mark, about), .offset = offsetof(owner, name),         \
	    .least = least_, .largest = largest_,                                        \
	    .must = "must be a number from " #least_ " to " #largest_ },
#define TIME(name, need, mark, about)                                                    \
	{ FIELD(name, TIME, need, mark, about), .offset = offsetof(owner, name),         \
	    .must = "must be a time: RFC 3339 in JSON, ms since 1970 UTC on the wire" },
#define FLAG(name, need, mark, about)                                                    \
	{ FIELD(name, FLAG, need, mark, about), .offset = offsetof(owner, name),         \
	    .must = "must be true or false" },
#define CODE(name, set_, need, mark, about)                                              \
	{ FIELD(name, CODE, need, mark, about), .offset = offsetof(owner, name),         \
	    .set = CODE_SET_##set_, .must = MUST_CODE(set_) },
#define CODES(name, set_, most, need, mark, about)                                       \
	{ FIELD(name, CODES, need, mark, about), .offset = offsetof(owner, name),        \
	    .count_offset = offsetof(owner, name##_count), .most_count = most, .element_bytes = sizeof(uint8_t),           \
	    .set = CODE_SET_##set_, .must = MUST_LIST(most, need, "codes"),              \
	    .must_each = MUST_CODE(set_) },
#define TEXTS(name, bytes, most, need, mark, about)                                      \
	{ FIELD(name, TEXTS, need, mark, about), .offset = offsetof(owner, name),        \
	    .count_offset = offsetof(owner, name##_count), .most_count = most, .element_bytes = sizeof(struct text),           \
	    .most_bytes = bytes, .must = MUST_LIST(most, need, "texts"),                 \
	    .must_each = MUST_TEXT(bytes) },
#define UINTS(name, largest_, most, need, mark, about)                                   \
	{ FIELD(name, UINTS, need, mark, about), .offset = offsetof(owner, name##_at),   \
	    .count_offset = offsetof(owner, name##_count), .most_count = most, .element_bytes = sizeof(uint32_t),           \
	    .largest = largest_, .must = MUST_LIST(most, need, "integers"),              \
	    .must_each = MUST_UINT(largest_) },
#define ONE(name, shape, need, mark, about)                                              \
	{ FIELD(name, ONE, need, mark, about), .offset = offsetof(owner, name),          \
	    .count_offset = offsetof(owner, has_##name), .record = &record_##shape,      \
	    .must = "must be an object" },
#define MANY(name, shape, most, need, mark, about)                                       \
	{ FIELD(name, MANY, need, mark, about), .offset = offsetof(owner, name),         \
	    .count_offset = offsetof(owner, name##_count), .most_count = most, .element_bytes = sizeof(struct shape),           \
	    .record = &record_##shape, .must = MUST_LIST(most, need, "objects"),         \
	    .must_each = "must be an object" },
#include "proto/messages.def"
/* clang-format on */

/* ---- records ---- */

static const struct record *const RECORDS[] = {
#define RECORD(name, about) &record_##name,
#define MESSAGE(name, from_to, about) &record_##name,
#include "proto/messages.def"
	NULL,
};

static const struct record *const KINDS[MESSAGE_KINDS] = {
#define MESSAGE(name, from_to, about) [MESSAGE_##name] = &record_##name,
#include "proto/messages.def"
};

const struct record *const *
record_all(void)
{
	return RECORDS;
}

const struct record *
message_record(enum message_kind kind)
{
	return (unsigned)kind < MESSAGE_KINDS ? KINDS[kind] : NULL;
}

enum message_kind
message_kind_of(struct text name)
{
	for (unsigned kind = MESSAGE_NONE + 1; kind < MESSAGE_KINDS; kind++)
		if (text_is(name, KINDS[kind]->name))
			return (enum message_kind)kind;
	return MESSAGE_NONE;
}
