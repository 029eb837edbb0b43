/* SPDX-License-Identifier: Apache-2.0
 * referralctl account: who may use the API. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

/* As messages.def has `by` and agency ids. */
#define PERSON_MOST 64
/* Digits of a digest that tell one token from another. */
#define SHOWN_DIGITS 8

static const char HELP[] =
    "usage: referralctl [--dir DIR] account add ROLE PERSON [--agency ID [--unknown]] "
    "[--json]\n"
    "       referralctl [--dir DIR] account ls [--json]\n"
    "       referralctl [--dir DIR] account rm PERSON [--json]\n\n"
    "  add  makes an account and prints its token, this once: only a hash of it is "
    "stored.\n"
    "       Added again, in the same role, a person has one more token\n"
    "  ls   lists the accounts with the first digits of the hash\n"
    "  rm   takes all tokens of a person back; the gateway refuses them within "
    "seconds\n\n"
    "  --agency ID  the agency that role agency acts for\n"
    "  --unknown    also one that has no service in the directory\n"
    "  --json       print JSON\n\n"
    "ROLE: operator, supervisor, coordinator, agency, operations, auditor\n\n"
    "Example: referralctl account add operator olena.k\n\n"
    "Exit: 0 done, 1 no such person or failed, 2 usage.\n";

struct entry {
	char digest[SEAL_TOKEN_DIGEST_BYTES + 1];
	char person[PERSON_MOST + 1];
	char agency[PERSON_MOST + 1];
	enum role role;
};

struct entries {
	struct session_wait wait;
	struct entry *list;
	size_t count, size;
	bool has_failed;
};

static void
on_account(
    void *ctx, struct text digest, enum role role, struct text person, struct text agency)
{
	struct entries *entries = ctx;
	struct entry *entry;

	if (entries->count == entries->size) {
		size_t size = entries->size > 0 ? 2 * entries->size : 64;
		struct entry *list = realloc(entries->list, size * sizeof *list);

		if (list == NULL) {
			entries->has_failed = true;
			return;
		}
		entries->list = list;
		entries->size = size;
	}
	entry = &entries->list[entries->count++];
	(void)text_copy(digest, entry->digest, sizeof entry->digest);
	(void)text_copy(person, entry->person, sizeof entry->person);
	(void)text_copy(agency, entry->agency, sizeof entry->agency);
	entry->role = role;
}

static int
compare_entries(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	int order = strcmp(a->person, b->person);

	return order != 0 ? order : strcmp(a->digest, b->digest);
}

/* Sorted by person. */
static enum status
read_entries(struct session *session, struct entries *entries)
{
	enum status status = session_settle(session,
	    cases_accounts(session->cases, on_account, session_on_done, entries),
	    &entries->wait);

	if (status == STATUS_OK && entries->has_failed)
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK && entries->count > 0)
		qsort(entries->list, entries->count, sizeof *entries->list,
		    compare_entries);
	return status;
}

/* ---- the verbs ---- */

static int
list(struct session *session, const struct entries *entries)
{
	struct sheet *sheet = sheet_new("PERSON ROLE AGENCY HASH");
	json_t *all = json_array();
	bool is_good = sheet != NULL && all != NULL;
	int exit = EXIT_DONE;

	for (size_t i = 0; is_good && i < entries->count; i++) {
		const struct entry *entry = &entries->list[i];

		sheet_word(sheet, entry->person);
		sheet_word(sheet, words_code(CODE_SET_role, entry->role));
		sheet_word(sheet, entry->agency);
		sheet_format(sheet, "%.*s", SHOWN_DIGITS, entry->digest);
		json_array_append_new(
		    all, json_pack("{s:s,s:s,s:s,s:s%}", "person", entry->person, "role",
		             words_code(CODE_SET_role, entry->role), "agency",
		             entry->agency, "hash", entry->digest, (size_t)SHOWN_DIGITS));
	}
	if (is_good && session->wants_json)
		exit = session_print(session, json_pack("{s:O}", "accounts", all));
	else if (!is_good || !sheet_print(sheet, 0, stdout))
		exit = session_failed(session, STATUS_NO_MEMORY);
	sheet_free(sheet);
	json_decref(all);
	return exit;
}

static int
print_token(struct session *session, const char *role, const char *person,
    const char *agency, const char *token)
{
	if (!session->wants_json) {
		printf("%s\n", token);
		fprintf(stderr, "the token of %s (%s); it is not shown again\n", person,
		    role);
		return EXIT_DONE;
	}
	return session_print(
	    session, json_pack("{s:{s:s,s:s,s:s,s:s}}", "account", "token", token,
	                 "person", person, "role", role, "agency", agency));
}

/* One person in two roles would act in either's name. */
static bool
is_same_person(struct session *session, const struct entries *entries, enum role role,
    const char *person, const char *agency)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->list[i];

		if (strcmp(entry->person, person) == 0 &&
		    (entry->role != role || strcmp(entry->agency, agency) != 0)) {
			(void)session_fail(session, STATUS_REFUSED,
			    "%s is %s%s%s already", person,
			    words_code(CODE_SET_role, entry->role),
			    entry->agency[0] != '\0' ? " of " : "", entry->agency);
			return false;
		}
	}
	return true;
}

static int
add(struct session *session, const struct entries *entries, enum role role,
    const char *person, const char *agency)
{
	char token[SEAL_TOKEN_BYTES + 1], digest[SEAL_TOKEN_DIGEST_BYTES + 1];
	struct session_wait wait = { .is_over = false };
	enum status status;
	int exit;

	if (!is_same_person(session, entries, role, person, agency))
		return EXIT_FAILED;
	seal_token_new(token);
	seal_token_digest(text_of(token), digest);
	status = session_settle(session,
	    cases_account_set(session->cases, text_of(digest), role, text_of(person),
	        text_of(agency), session_on_done, &wait),
	    &wait);
	exit = status == STATUS_OK ? print_token(session, code_word(CODE_SET_role, role),
	                                 person, agency, token)
	                           : session_failed(session, status);
	seal_wipe(token, sizeof token);
	return exit;
}

static int
rm(struct session *session, const struct entries *entries, const char *person)
{
	size_t removed = 0;

	for (size_t i = 0; i < entries->count; i++) {
		struct session_wait wait = { .is_over = false };
		enum status status;

		if (strcmp(entries->list[i].person, person) != 0)
			continue;
		status = session_settle(session,
		    cases_account_remove(session->cases, text_of(entries->list[i].digest),
		        session_on_done, &wait),
		    &wait);
		if (status != STATUS_OK)
			return session_failed(session, status);
		removed++;
	}
	if (removed == 0)
		return session_fail(session, STATUS_ABSENT, "%s has no account", person);
	if (session->wants_json)
		return session_print(session, json_pack("{s:s,s:I}", "person", person,
		                                  "removed", (json_int_t)removed));
	printf("%s: %zu tokens taken back\n", person, removed);
	return EXIT_DONE;
}

/* ---- words ---- */

/* Stored between blanks; printed in journals and logs. */
static bool
is_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return length > 0 && length <= PERSON_MOST;
}

static int
check_add(const char *command, char **words, const char *agency, uint8_t *role)
{
	if (words[1] == NULL || words[2] == NULL)
		return flags_wrong(command, "add wants a role and a person");
	if (!flags_code(command, "role", words[1], CODE_SET_role, role))
		return EXIT_USAGE;
	if (*role == role_system)
		return flags_wrong(command, "system is for our own services");
	if (!is_name(words[2]))
		return flags_wrong(command,
		    "a person is 1 to 64 bytes without blanks, not %s", words[2]);
	if (*role == role_agency && agency == NULL)
		return flags_wrong(command, "role agency wants --agency ID");
	if (agency != NULL && (*role != role_agency || !is_name(agency)))
		return flags_wrong(
		    command, "--agency is for role agency, an agency's id");
	return FLAGS_GO_ON;
}

static int
check_words(const char *command, char **words, const char *agency, uint8_t *role)
{
	if (strcmp(words[0], "add") == 0)
		return check_add(command, words, agency, role);
	if (agency != NULL)
		return flags_wrong(command, "only add takes --agency");
	if (strcmp(words[0], "ls") == 0)
		return words[1] == NULL ? FLAGS_GO_ON
		                        : flags_wrong(command, "ls takes no word");
	if (strcmp(words[0], "rm") == 0)
		return words[1] != NULL && words[2] == NULL
		           ? FLAGS_GO_ON
		           : flags_wrong(command, "rm wants one person");
	return flags_wrong(command, "no such verb: %s", words[0]);
}

int
account_command(int argc, char **argv, const char *dir)
{
	const char *agency = NULL;
	bool wants_json = false, may_be_unknown = false;
	const struct choice flags[] = { { "agency", &agency, NULL },
		{ "unknown", NULL, &may_be_unknown }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct entries entries = { .count = 0 };
	enum status status;
	uint8_t role = 0;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 3, &words);

	if (usage == FLAGS_GO_ON)
		usage = check_words(argv[0], words, agency, &role);
	if (usage != FLAGS_GO_ON)
		return usage;
	if (session_open(&session, argv[0], wants_json, dir)) {
		status = read_entries(&session, &entries);
		if (status != STATUS_OK)
			exit = session_failed(&session, status);
		else if (words[0][0] == 'a')
			exit = agency == NULL || may_be_unknown ||
			               session_has_agency(&session, agency)
			           ? add(&session, &entries, (enum role)role, words[2],
			                 agency != NULL ? agency : "")
			           : EXIT_FAILED;
		else if (words[0][0] == 'l')
			exit = list(&session, &entries);
		else
			exit = rm(&session, &entries, words[1]);
	}
	session_close(&session);
	free(entries.list);
	return exit;
}
