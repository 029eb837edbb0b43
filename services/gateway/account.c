/* SPDX-License-Identifier: Apache-2.0
 * Accounts: read as a whole from Redis, every two seconds, so that a new or withdrawn token
 * counts soon. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/gateway/gateway.h"

#define READ_EVERY_MS 2000

bool
role_is_in(enum role role, const char *who)
{
	static const char LETTERS[] = { [role_operator] = 'o',
		[role_supervisor] = 's',
		[role_coordinator] = 'c',
		[role_agency] = 'a',
		[role_operations] = 'p',
		[role_auditor] = 'u',
		[role_system] = 'x' };

	return (unsigned)role < sizeof LETTERS && LETTERS[role] != '\0' &&
	       strchr(who, LETTERS[role]) != NULL;
}

static void
on_account(
    void *ctx, struct text digest, enum role role, struct text person, struct text agency)
{
	struct gateway *gateway = ctx;
	struct account *account = &gateway->fresh_accounts[gateway->fresh_count];

	if (gateway->fresh_count == GATEWAY_ACCOUNTS_MAX ||
	    !text_copy(digest, account->digest, sizeof account->digest) ||
	    !text_copy(person, account->person, sizeof account->person) ||
	    !text_copy(agency, account->agency, sizeof account->agency)) {
		log_event(LOG_ERROR, "account_left_out", LOG_TEXT("person", person));
		return;
	}
	account->role = role;
	gateway->fresh_count++;
}

static void
on_accounts(void *ctx, const struct case_result *result)
{
	struct gateway *gateway = ctx;
	struct account *old = gateway->accounts;

	gateway->is_reading_accounts = false;
	if (result->status != STATUS_OK)
		return; /* the ones that are known stay in force */
	gateway->has_accounts = true;
	gateway->accounts = gateway->fresh_accounts;
	gateway->accounts_count = gateway->fresh_count;
	gateway->fresh_accounts = old;
}

static void
read_accounts(void *self)
{
	struct gateway *gateway = self;

	if (gateway->is_reading_accounts)
		return;
	gateway->fresh_count = 0;
	gateway->is_reading_accounts = cases_accounts(gateway->service->cases, on_account,
	                                   on_accounts, gateway) == STATUS_OK;
}

void
accounts_open(struct gateway *gateway)
{
	gateway->accounts = calloc(GATEWAY_ACCOUNTS_MAX, sizeof *gateway->accounts);
	gateway->fresh_accounts = calloc(GATEWAY_ACCOUNTS_MAX, sizeof *gateway->accounts);
	gateway->account_timer =
	    loop_every(gateway->service->loop, READ_EVERY_MS, read_accounts, gateway);
	if (!gateway->accounts || !gateway->fresh_accounts || !gateway->account_timer)
		log_die("out of memory");
	/* Nobody is known, or refused, before; Redis may have gone since the service joined it. */
	while (!gateway->has_accounts && !gateway->service->is_draining) {
		read_accounts(gateway);
		if (loop_turn(gateway->service->loop, 100) != STATUS_OK)
			log_die("the loop does not turn");
	}
}

const struct account *
accounts_find(struct gateway *gateway, struct text authorization)
{
	static const char SCHEME[] = "Bearer ";
	char digest[SEAL_TOKEN_DIGEST_BYTES + 1];
	struct text token;

	if (authorization.length <= strlen(SCHEME) ||
	    memcmp(authorization.at, SCHEME, strlen(SCHEME)) != 0)
		return NULL;
	token = (struct text){ authorization.at + strlen(SCHEME),
		authorization.length - (uint32_t)strlen(SCHEME) };
	/* Digests are compared, not tokens: how long that takes tells nothing of use. */
	seal_token_digest(token, digest);
	for (unsigned i = 0; i < gateway->accounts_count; i++)
		if (strcmp(gateway->accounts[i].digest, digest) == 0)
			return &gateway->accounts[i];
	return NULL;
}
