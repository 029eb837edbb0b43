/* SPDX-License-Identifier: Apache-2.0
 * Reads policies, from Redis and from files. */
#include "deploy/referralctl/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- versions in Redis ---- */

static void
on_policies(void *ctx, enum status status, const struct store_value *value)
{
	struct reading *reading = ctx;
	struct policies_entry entry;

	reading->wait.is_over = true;
	reading->wait.status = status;
	for (size_t i = 0; status == STATUS_OK && policies_at(value, i, &entry); i++) {
		if (i == 0)
			reading->newest = entry.version;
		reading->each(reading, &entry);
	}
}

enum status
policy_versions(struct session *session, unsigned most, struct reading *reading)
{
	return session_settle(session,
	    policies_read(session->store, SESSION_CELL, most, on_policies, reading),
	    &reading->wait);
}

static void
find_version(struct reading *reading, const struct policies_entry *entry)
{
	if (reading->is_found ||
	    (reading->wanted != UINT_ABSENT && reading->wanted != entry->version))
		return;
	reading->is_found = text_copy(entry->text, reading->text, sizeof reading->text);
	reading->found = *entry;
}

bool
policy_version(struct order *order, uint32_t version, struct reading *reading)
{
	enum status status;

	*reading = (struct reading){ .each = find_version, .wanted = version };
	status = policy_versions(
	    order->session, version == UINT_ABSENT ? 1 : POLICY_HISTORY_MOST, reading);
	if (status != STATUS_OK) {
		(void)session_failed(order->session, status);
		return false;
	}
	order->policy = POLICY_STANDARD;
	if (version == 0 || (version == UINT_ABSENT && reading->newest == 0))
		return true;
	order->policy.version = reading->found.version;
	if (reading->is_found &&
	    policy_read(&order->policy, reading->text, stderr) == STATUS_OK)
		return true;
	(void)session_fail(order->session, STATUS_ABSENT,
	    "no version %" PRIu32 " that "
	    "this release understands",
	    version);
	return false;
}

/* ---- files ---- */

bool
policy_file(struct order *order)
{
	FILE *file = strcmp(order->word, "-") == 0 ? stdin : fopen(order->word, "re");
	size_t length = 0;
	bool is_good = false;

	order->text = calloc(1, POLICY_TEXT_MOST + 2);
	if (file == NULL || order->text == NULL) {
		fprintf(stderr, "referralctl policy: %s cannot be read\n", order->word);
	} else {
		length = fread(order->text, 1, POLICY_TEXT_MOST + 1, file);
		is_good = length <= POLICY_TEXT_MOST && strlen(order->text) == length;
		if (!is_good)
			fprintf(stderr,
			    "referralctl policy: %s: more than %d bytes, or a NUL byte\n",
			    order->word, POLICY_TEXT_MOST);
	}
	if (file != NULL && file != stdin)
		fclose(file);
	order->policy = POLICY_STANDARD;
	return is_good && policy_read(&order->policy, order->text, stderr) == STATUS_OK;
}

char *
policy_text(const struct policy *policy)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return NULL;
	policy_print(policy, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
