/* SPDX-License-Identifier: Apache-2.0
 * Puts the Redis Function library together and loads it. */
#include "common/library.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/answered.h"
#include "common/id.h"
#include "common/keys.h"
#include "proto/kept.h"
#include "proto/state.h"

/* Made by the Makefile from proto/functions/. */
extern const char _binary_functions_lua_start[];
extern const char _binary_functions_lua_end[];

static void
write_states(FILE *out)
{
	fputs("local OPEN = {", out);
	for (int m = 0; m < MACHINES; m++) {
		fprintf(out, "%s={", machine_name((enum machine)m));
		for (const struct state *s = state_all(); s->name; s++)
			if ((int)s->machine == m && s->is_open)
				fprintf(out, "%s=true,", s->name);
		fputs("},", out);
	}
	fputs("}\n", out);
}

/* The action's moves by state before; each action once, at its first line in the table.
 */
static void
write_action(FILE *out, const struct move *first)
{
	for (const struct move *m = move_all(); m < first; m++)
		if (m->machine == first->machine && strcmp(m->action, first->action) == 0)
			return;
	fprintf(out, "%s['%s']={", machine_name(first->machine), first->action);
	for (const struct move *m = first; m->action; m++)
		if (m->machine == first->machine && strcmp(m->action, first->action) == 0)
			fprintf(out,
			    "%s={action='%s',to='%s',who='%s',place='%s',need='%s'},",
			    m->from, m->action, m->to, m->who, m->place, m->need);
	fputs("}\n", out);
}

static void
write_moves(FILE *out)
{
	fputs("local need, referral = {}, {}\n", out);
	for (const struct move *m = move_all(); m->action; m++)
		write_action(out, m);
	fputs("local MOVES = {need=need,referral=referral}\n", out);
}

static void
write_words(FILE *out, const char *name, enum code_set set)
{
	fprintf(out, "local %s = {", name);
	for (unsigned i = 1; i <= code_count(set); i++)
		fprintf(out, "'%s',", code_word(set, i));
	fputs("}\n", out);
}

/* Letters of the column `who` in states.def. */
static void
write_roles(FILE *out)
{
	static const char LETTERS[] = { [role_operator] = 'o',
		[role_supervisor] = 's',
		[role_coordinator] = 'c',
		[role_agency] = 'a',
		[role_operations] = 'p',
		[role_auditor] = 'u',
		[role_system] = 'x' };

	fputs("local ROLES = {", out);
	for (unsigned i = 1; i <= code_count(CODE_SET_role); i++)
		fprintf(out, "%s='%c',", code_word(CODE_SET_role, i), LETTERS[i]);
	fputs("}\n", out);
}

/* unpack_NAME: a table of texts by name, '' where absent; pack_NAME: the reverse, of texts and
 * whole numbers, nil where absent.  Written out, since loops over the names cost four times as
 * much.  `is_changed` is no text: its place is made with the rest.  `texts` is struct.unpack,
 * which takes texts up to their NULs: as many are put behind. */
static void
write_kept(FILE *out, const struct kept_record *record)
{
	const char *const *fields = record->fields;

	fprintf(out, "local function unpack_%s(p)\nlocal v1", record->name);
	for (int i = 1; fields[i] != NULL; i++)
		fprintf(out, ",v%d", i + 1);
	fputs("=texts('s", out);
	for (int i = 1; fields[i] != NULL; i++)
		fputc('s', out);
	fputs("',p..'\\0", out);
	for (int i = 1; fields[i] != NULL; i++)
		fputs("\\0", out);
	fputs("')\nreturn {", out);
	for (int i = 0; fields[i] != NULL; i++)
		fprintf(out, "%s=v%d,", fields[i], i + 1);
	fprintf(out,
	    "is_changed=false}\nend\nlocal function pack_%s(t)\nreturn (t.%s or '')",
	    record->name, fields[0]);
	for (int i = 1; fields[i] != NULL; i++)
		fprintf(out, "..'\\0'..(t.%s or '')", fields[i]);
	fputs("\nend\n", out);
}

char *
library_text(char *version)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	size_t body = (size_t)(_binary_functions_lua_end - _binary_functions_lua_start);
	static const char PLACE[] =
	    "local VERSION = '00000000000000000000000000000000'\n";
	char *at;

	if (out == NULL)
		return NULL;
	fputs("#!lua name=hearthline\n", out);
	fputs(PLACE, out);
	write_states(out);
	write_moves(out);
	write_words(out, "LANES", CODE_SET_urgency);
	write_words(out, "STAGES", CODE_SET_stage);
	write_roles(out);
	fprintf(out, "local INDEX_DIGITS = %d\n", KEY_INDEX_DIGITS);
	fprintf(out, "local ANSWERED_TERMS_MOST, ANSWERED_HALF_DAYS = %d, %d\n",
	    ANSWERED_TERMS_MOST, ANSWERED_HALF_DAYS);
	fprintf(out, "local ANSWERED_PRIOR, ANSWERED_STEP = %d, %d\n", ANSWERED_PRIOR,
	    ANSWERED_STEP);
	fputs("local call, match, format, sub, texts\n", out);
	for (const struct kept_record *record = kept_records(); record->name; record++)
		write_kept(out, record);
	fwrite(_binary_functions_lua_start, 1, body, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	id_digest(text, length, version);
	at = strstr(text, PLACE);
	if (at != NULL)
		memcpy(at + strlen("local VERSION = '"), version, ID_DIGEST_BYTES);
	return text;
}

struct answer_text {
	enum status status;
	char text[ID_DIGEST_BYTES + 1];
};

static void
on_text(void *ctx, enum status status, const struct store_value *value)
{
	struct answer_text *answer = ctx;

	answer->status = status;
	if (value != NULL)
		(void)text_copy(store_text(value), answer->text, sizeof answer->text);
}

enum status
library_load(struct store *store)
{
	char version[ID_DIGEST_BYTES + 1];
	char *text = library_text(version);
	struct answer_text answer = { STATUS_INTERNAL, "" };
	enum status status = STATUS_NO_MEMORY;

	if (text == NULL)
		return STATUS_NO_MEMORY;
	const struct text load[] = { LITERAL("FUNCTION"), LITERAL("LOAD"),
		LITERAL("REPLACE"), text_of(text) };
	status = store_call_wait(store, 4, load, on_text, &answer);
	if (status == STATUS_OK)
		status = answer.status;
	free(text);
	return status;
}

enum status
library_keep(struct store *store)
{
	char version[ID_DIGEST_BYTES + 1];
	char *text = library_text(version);
	enum status status = STATUS_NO_MEMORY;

	if (text != NULL) {
		const struct text load[] = { LITERAL("FUNCTION"), LITERAL("LOAD"),
			text_of(text) };

		status = store_greet(store, 3, load);
	}
	free(text);
	return status;
}
