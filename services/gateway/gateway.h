/* SPDX-License-Identifier: Apache-2.0
 * Gateway: HTTP and JSON outside, messages and the store inside.  It changes nothing by
 * itself: commands go to intake, questions to the matcher; it reads cases from the store and
 * opens identities for who may see them. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "common/directory.h"
#include "common/facts.h"
#include "common/json.h"
#include "common/service.h"

#define GATEWAY_ACCOUNTS_MAX 4096
#define GATEWAY_STREAMS_MAX 256

/* Who a bearer token is. */
struct account {
	char digest[SEAL_TOKEN_DIGEST_BYTES + 1];
	enum role role;
	char person[65];
	char agency[65];
};

struct gateway {
	struct service *service;
	struct http_server *http;
	struct seal *identity_keys;
	struct seal *routing_keys;
	struct seal *index_keys;
	struct seal *notify_keys; /* shows an agency its webhook secret */
	struct link_client *intake;
	struct link_client *matcher;
	struct directory *directory;
	struct facts_reader *reader;
	struct json_arena *arena;
	struct decoder *answered; /* of replies */
	struct decoder *stored;   /* of intakes */
	struct message *in, *out;
	struct asking *askings; /* questions under way */
	uint64_t last_ask;
	struct loop_timer *ask_timer, *account_timer, *event_timer;
	struct account *accounts, *fresh_accounts;
	unsigned accounts_count, fresh_count;
	bool is_reading_accounts, has_accounts;
	struct stream *streams;
	unsigned streams_count;
	struct browse
	    *waiting_browses; /* streams of the open directory, for their turn */
	unsigned browses_under_way;
	char last_event[48];
	bool is_reading_events;
	uint8_t buffer[MESSAGE_MAX_BYTES];
};

/* Dies (log_die) where something cannot be opened. */
void gateway_open(struct gateway *gateway, struct service *service);
void gateway_close(struct gateway *gateway);
void gateway_drain(void *self);
bool gateway_is_idle(void *self);

/* ---- between the files of this folder ---- */

/* A request with who makes it; ended by one of the answer calls. */
struct call {
	struct gateway *gateway;
	struct http_request *request;
	struct account account;
	enum message_kind kind; /* of the command it became */
	uint32_t version;       /* of the service that it edited */
	void *held;             /* by its handler; */
	void (*release)(
	    void *held); /* called when the call ends; NULL: nothing is held */
	void (*broken)(
	    struct call *call); /* instead of an answer; NULL: none has begun */
};

/* Answers and frees the call.  `json` is freed. */
void call_answer(struct call *call, int code, const struct http_field *fields, char *json,
    size_t length);
void call_refuse(struct call *call, enum status status, const struct defects *defects,
    struct text state, uint32_t version, uint32_t retry_after_ms);
/* The same with a record's members beside, nothing but them. */
void call_refuse_with(struct call *call, enum status status,
    const struct defects *defects, const struct record *record, const void *values);
/* The same without more to say. */
void call_fail(struct call *call, enum status status);

/* What a command needs of its request.  Each answers the call where it is false. */
/* The idempotency key, as a draft of the IETF (idempotency-key-header) wants it: it may be
 * quoted. */
bool call_take_key(struct call *call, struct text *key);
/* The version of If-Match: "7"; UINT_ABSENT where there is none and need not be. */
bool call_take_version(struct call *call, bool is_required, uint32_t *version);
/* The body as a record. */
bool call_take_body(
    struct call *call, const struct record *record, void *values, bool may_be_empty);

/* Edits one service by a merge patch, and answers; `entry` may be NULL where the status is not OK. */
void edit_patch(struct call *call, enum status status,
    const struct directory_entry *entry, struct text what);
/* Whether the caller may; ABSENT: nor may it know that there is such a service. */
enum status edit_may(const struct call *call, const struct directory_entry *entry,
    struct service_facts *facts) MUST_CHECK;
/* The service of the path, or the call is answered. */
void edit_get_entry(struct call *call, directory_entry_got *got);

/* Sends gateway->out to intake (or the matcher) and calls back with the reply in gateway->in,
 * or NULL after 10 s.  Sent again every 2 s: commands are idempotent, questions without
 * effect. */
typedef void ask_reply(struct call *call, const struct message *reply);
void ask(struct call *call, bool is_command, ask_reply *on_reply);
/* Answers with what intake or the matcher refused. */
void call_pass_refusal(struct call *call, const struct refused *refused);
void ask_open(struct gateway *gateway);
void ask_close(struct gateway *gateway);

/* Asks the matcher who could help with the intake in the body, so many for each need; sends the
 * intake to intake. */
void intake_preview(struct call *call, uint32_t most, ask_reply *on_reply);
void intake_submit(struct call *call);
/* Whether the caller wants an intake with an unknown term refused (Prefer: handling=strict, RFC
 * 7240): its preview then decides. */
bool strict_is_wanted(const struct call *call);
ask_reply strict_on_previewed;

/* Ends the call without an answer: its stream was closed. */
void call_end(struct call *call);

/* "oscapu" holds the role's letter. */
bool role_is_in(enum role role, const char *who);
void accounts_open(struct gateway *gateway);
/* The account of an Authorization header; NULL: none. */
const struct account *accounts_find(struct gateway *gateway, struct text authorization);

/* Takes out of an agency's view what is no referral of its own, and what belongs to none.  False:
 * nothing is left.  Others see everything. */
bool view_keep_own(const struct account *account, struct case_view *view);
/* What the account may see of a case: fills in identity, explanations and notes, or takes out
 * what is none of its business.  False: nothing of it may be shown. */
bool view_prepare(struct gateway *gateway, const struct account *account,
    const struct case_record *record, struct case_view *view);

/* Bytes of a language's tag. */
#define LANG_MOST 35
/* Gives the parts of explanations their sentences; an empty `lang`: none. */
void view_say(struct case_view *view, struct text lang);

/* One view for all: it is large, and written before the next is made.  NULL: out of memory. */
struct case_view *view_buffer(void);

/* A number of the query; `otherwise` where there is none or it is malformed. */
unsigned query_number(
    const struct call *call, const char *name, unsigned otherwise, unsigned most);

/* {"confirmations":[…]} of directory_confirmations' reply, at most 100; malloc'd, NULL: out of
 * memory. */
char *confirmations_write(const struct store_value *value, size_t *length);

/* Reads "LAT,LON" in degrees. */
bool query_point(struct text text, double *lat, double *lon);

void events_open(struct gateway *gateway);
void events_close(struct gateway *gateway);

/* Handlers of api.def; each ends its call. */
typedef void api_handler(struct call *call);
#define ROUTE(method, path, handler, who, about) api_handler handler;
#include "services/gateway/api.def"

#endif
