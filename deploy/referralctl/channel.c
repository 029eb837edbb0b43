/* SPDX-License-Identifier: Apache-2.0
 * referralctl channel: how an agency is told of referrals. */
#include <jansson.h>
#include <stdio.h>

#include "common/seal_webhook.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

#define AGENCY_MOST 64
#define ADDRESS_MOST 2000

static const char HELP[] =
    "usage: referralctl [--dir DIR] channel set AGENCY webhook URL [--unknown] [--json]\n"
    "       referralctl [--dir DIR] channel set AGENCY inbox [--json]\n"
    "       referralctl [--dir DIR] channel show AGENCY [--json]\n"
    "       referralctl [--dir DIR] channel secret AGENCY [--json]\n\n"
    "  set     webhook: signed POSTs to the agency's own system, as Standard Webhooks "
    "has\n"
    "          them; inbox: the agency looks into its inbox (what holds without a "
    "setting)\n"
    "  show    what is set\n"
    "  secret  the secret that the agency's system checks signatures with\n\n"
    "  --unknown  also for an agency that has no service in the directory\n"
    "  --json     print JSON\n\n"
    "Example: referralctl channel set 5959d357-9f03-5bb3-94c0-b1474af31f0b webhook \\\n"
    "             https://kalynova.example.org/referrals\n\n"
    "Exit: 0 done, 1 failed, 2 usage.\n";

struct channel_of {
	struct session_wait wait;
	char channel[32];
	char address[ADDRESS_MOST + 1];
};

static int
print_channel(
    struct session *session, const char *agency, const char *channel, const char *address)
{
	if (session->wants_json)
		return session_print(
		    session, json_pack("{s:{s:s,s:s,s:s?}}", "channel", "agency", agency,
		                 "channel", channel, "address",
		                 address[0] != '\0' ? address : NULL));
	sheet_put(text_of(agency), stdout);
	printf(": %s%s", channel, address[0] != '\0' ? " " : "");
	sheet_put(text_of(address), stdout);
	fputc('\n', stdout);
	return EXIT_DONE;
}

static int
set(struct session *session, char **words)
{
	const char *address = words[3] != NULL ? words[3] : "";
	struct session_wait wait = { .is_over = false };
	enum status status = session_settle(session,
	    cases_channel_set(session->cases, text_of(words[1]), text_of(words[2]),
	        text_of(address), session_on_done, &wait),
	    &wait);

	return status == STATUS_OK ? print_channel(session, words[1], words[2], address)
	                           : session_failed(session, status);
}

static void
on_channel(void *ctx, enum status status, struct text channel, struct text address)
{
	struct channel_of *of = ctx;

	of->wait.status = status;
	of->wait.is_over = true;
	if (status != STATUS_OK)
		return;
	(void)text_copy(channel, of->channel, sizeof of->channel);
	(void)text_copy(address, of->address, sizeof of->address);
}

/* Without a setting there is the inbox. */
static int
show(struct session *session, const char *agency)
{
	struct channel_of of = { .channel = "inbox" };
	enum status status = session_settle(session,
	    cases_channel_get(session->cases, text_of(agency), on_channel, &of),
	    &of.wait);

	if (status != STATUS_OK && status != STATUS_ABSENT)
		return session_failed(session, status);
	return print_channel(session, agency, of.channel, of.address);
}

static int
secret(struct session *session, const char *agency)
{
	struct seal *keys = session_key(session, "notify");
	char shown[SEAL_WEBHOOK_BYTES];
	enum status status;
	int exit = EXIT_DONE;

	if (keys == NULL)
		return EXIT_FAILED;
	status = seal_webhook_secret(keys, text_of(agency), shown);
	seal_close(keys);
	if (status != STATUS_OK)
		return session_failed(session, status);
	if (session->wants_json)
		exit = session_print(
		    session, json_pack("{s:s,s:s}", "agency", agency, "secret", shown));
	else
		puts(shown);
	seal_wipe(shown, sizeof shown);
	return exit;
}

static bool
is_clean(const char *word, size_t most)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)word[i] <= ' ' || word[i] == 0x7f)
			return false;
	return length > 0 && length <= most;
}

static bool
is_url(const char *word)
{
	const char *rest = strncmp(word, "https://", 8) == 0  ? word + 8
	                   : strncmp(word, "http://", 7) == 0 ? word + 7
	                                                      : "";

	return is_clean(word, ADDRESS_MOST) && rest[0] != '\0' && rest[0] != '/';
}

static int
check_words(const char *command, char **words)
{
	bool is_set = strcmp(words[0], "set") == 0;

	if (!is_set && strcmp(words[0], "show") != 0 && strcmp(words[0], "secret") != 0)
		return flags_wrong(command, "no such verb: %s", words[0]);
	if (words[1] == NULL || !is_clean(words[1], AGENCY_MOST))
		return flags_wrong(command, "%s wants an agency's id", words[0]);
	if (!is_set)
		return words[2] == NULL
		           ? FLAGS_GO_ON
		           : flags_wrong(command, "%s wants one word", words[0]);
	if (words[2] == NULL)
		return flags_wrong(command, "set wants webhook URL, or inbox");
	if (strcmp(words[2], "inbox") == 0)
		return words[3] == NULL ? FLAGS_GO_ON
		                        : flags_wrong(command, "inbox has no address");
	if (strcmp(words[2], "webhook") != 0)
		return flags_wrong(command, "%s is neither webhook nor inbox", words[2]);
	if (words[3] == NULL || !is_url(words[3]))
		return flags_wrong(command, "webhook wants a http or https URL");
	return FLAGS_GO_ON;
}

int
channel_command(int argc, char **argv, const char *dir)
{
	bool wants_json = false, may_be_unknown = false;
	const struct choice flags[] = { { "json", NULL, &wants_json },
		{ "unknown", NULL, &may_be_unknown }, { NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 4, &words);

	if (usage == FLAGS_GO_ON)
		usage = check_words(argv[0], words);
	if (usage != FLAGS_GO_ON)
		return usage;
	if (session_open(&session, argv[0], wants_json, dir)) {
		/* The inbox needs nothing known: it is what holds without a setting. */
		may_be_unknown = may_be_unknown || words[3] == NULL;
		if (strcmp(words[0], "set") == 0)
			exit = may_be_unknown || session_has_agency(&session, words[1])
			           ? set(&session, words)
			           : EXIT_FAILED;
		else if (strcmp(words[0], "show") == 0)
			exit = show(&session, words[1]);
		else
			exit = secret(&session, words[1]);
	}
	session_close(&session);
	return exit;
}
