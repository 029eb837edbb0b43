/* SPDX-License-Identifier: Apache-2.0
 * A state per place in a request, a step per byte: cuts between reads cannot matter. */
#include <ctype.h>

#include "common/http_filter.h"

enum state {
	METHOD,
	TARGET,
	VERSION,
	NAME_START,
	NAME,
	VALUE,
	LINE_END, /* the LF after the request line or a field, */
	HEAD_END, /* after the empty line: up to here a byte belongs to the head */
	BODY,
	SIZE,
	SIZE_END,
	CHUNK,
	CHUNK_CR,
	CHUNK_END,
	LAST_CR, /* of the empty line after the chunk of size 0 */
	LAST_END,
	DONE,
	REFUSED,
};

enum field { HOST, LENGTH, CODING, EXPECT, OTHER };

static const struct {
	const char *name;
	const char *why_twice;
} FIELDS[OTHER] = {
	[HOST] = { "host", "more than one Host" },
	[LENGTH] = { "content-length", "more than one Content-Length" },
	[CODING] = { "transfer-encoding", "more than one Transfer-Encoding" },
	[EXPECT] = { "expect", "more than one Expect" },
};

/* TRACE and CONNECT are left out: evhttp frames their bodies in its own way. */
static const char *const METHODS[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
	"OPTIONS" };

static enum state
refuse(struct http_filter *filter, int code, const char *why)
{
	filter->code = code;
	filter->why = why;
	return REFUSED;
}

/* The <ctype.h> calls below assume the C locale; no process sets another. */
static bool
is_token(unsigned char byte)
{
	return isalnum(byte) || (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* A name, an IPv4 address or an IPv6 address in brackets, and a port. */
static bool
is_host(unsigned char byte)
{
	return isalnum(byte) || (byte != '\0' && strchr("-._~:[]", byte) != NULL);
}

static enum state
begin_word(struct http_filter *filter, enum state state)
{
	filter->word_length = 0;
	filter->has_space = false;
	return state;
}

static void
add_to_word(struct http_filter *filter, unsigned char byte)
{
	if (filter->word_length < sizeof filter->word)
		filter->word[filter->word_length] = (char)byte;
	filter->word_length++;
}

static bool
word_is(const struct http_filter *filter, const char *word)
{
	return filter->word_length <= sizeof filter->word &&
	       text_is((struct text){ filter->word, filter->word_length }, word);
}

static enum state
end_method(struct http_filter *filter)
{
	for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++)
		if (word_is(filter, METHODS[i])) {
			filter->is_head_method = word_is(filter, "HEAD");
			return begin_word(filter, TARGET);
		}
	if (filter->word_length == 0)
		return refuse(filter, 400, "the request line begins with a space");
	return refuse(filter, 501, "this method is not implemented");
}

static enum state
on_method(struct http_filter *filter, unsigned char byte)
{
	if (byte == ' ')
		return end_method(filter);
	if (!is_token(byte))
		return refuse(filter, 400, "the method is not a token");
	add_to_word(filter, byte);
	return METHOD;
}

static enum state
on_target(struct http_filter *filter, unsigned char byte)
{
	uint32_t at = filter->word_length;

	if (byte == ' ' && at > 0)
		return begin_word(filter, VERSION);
	if (byte <= ' ' || byte >= 0x7f || byte == '#')
		return refuse(filter, 400, "a byte that no request target may hold");
	if (at == 0 && byte != '/')
		return refuse(filter, 400, "the request target is not a path");
	if (at == 1 && byte == '/')
		return refuse(filter, 400, "the request target begins with //");
	add_to_word(filter, byte);
	return TARGET;
}

static enum state
end_version(struct http_filter *filter)
{
	const char *word = filter->word;

	if (word_is(filter, "HTTP/1.1") || word_is(filter, "HTTP/1.0")) {
		filter->minor_version = word[7] == '1';
		return LINE_END;
	}
	if (filter->word_length == 8 && memcmp(word, "HTTP/", 5) == 0 && word[6] == '.')
		return refuse(filter, 505, "a version other than HTTP/1.0 and HTTP/1.1");
	return refuse(filter, 400, "the request line does not end in an HTTP version");
}

static enum state
on_version(struct http_filter *filter, unsigned char byte)
{
	if (byte == '\r')
		return end_version(filter);
	if (byte <= ' ' || byte >= 0x7f)
		return refuse(filter, 400, "a byte that no HTTP version may hold");
	add_to_word(filter, byte);
	return VERSION;
}

static enum state
on_name(struct http_filter *filter, unsigned char byte)
{
	uint8_t field = HOST;

	if (is_token(byte)) {
		add_to_word(filter, (unsigned char)tolower(byte));
		return NAME;
	}
	if (byte == ' ' || byte == '\t')
		return refuse(filter, 400, "a space between a field name and its colon");
	if (byte != ':')
		return refuse(filter, 400, "a byte that no field name may hold");
	while (field != OTHER && !word_is(filter, FIELDS[field].name))
		field++;
	if (field != OTHER && filter->seen & 1u << field)
		return refuse(filter, 400, FIELDS[field].why_twice);
	filter->field = field;
	filter->seen |= (uint8_t)(1u << field);
	return begin_word(filter, VALUE);
}

static enum state
on_name_start(struct http_filter *filter, unsigned char byte)
{
	if (byte == '\r')
		return HEAD_END;
	if (byte == ' ' || byte == '\t')
		return refuse(filter, 400, "a folded header line");
	if (byte == ':')
		return refuse(filter, 400, "a header line without a field name");
	if (++filter->field_count > HTTP_FILTER_FIELDS_MOST)
		return refuse(filter, 431, "more header fields than the limit");
	begin_word(filter, NAME);
	return on_name(filter, byte);
}

static enum state
end_value(struct http_filter *filter)
{
	switch ((enum field)filter->field) {
	case LENGTH:
		if (filter->word_length == 0)
			return refuse(filter, 400, "Content-Length is empty");
		break;
	case HOST:
		if (filter->word_length == 0)
			return refuse(filter, 400, "Host is empty");
		break;
	case CODING:
		if (!word_is(filter, "chunked"))
			return refuse(filter, 501, "a coding other than chunked");
		filter->is_chunked = true;
		break;
	case EXPECT:
		if (!word_is(filter, "100-continue"))
			return refuse(filter, 417, "only 100-continue is met");
		filter->awaits_continue = true;
		break;
	case OTHER:
		break;
	}
	return LINE_END;
}

static enum state
on_value(struct http_filter *filter, unsigned char byte)
{
	if (byte == '\r')
		return end_value(filter);
	if (iscntrl(byte))
		return refuse(filter, 400, "a control byte in a field value");
	if (byte == ' ') {
		filter->has_space = filter->word_length > 0;
		return VALUE;
	}
	if (filter->field == HOST && (filter->has_space || !is_host(byte)))
		return refuse(filter, 400, "Host is not a host");
	if (filter->field == LENGTH) {
		/* 19 digits always fit into 64 bits */
		if (filter->has_space || !isdigit(byte) || filter->word_length == 19)
			return refuse(filter, 400, "Content-Length is not a number");
		filter->body_bytes = filter->body_bytes * 10 + (uint64_t)(byte - '0');
	}
	if (filter->has_space)
		add_to_word(filter, ' '); /* so that it equals no legal value */
	add_to_word(filter, (unsigned char)tolower(byte));
	return VALUE;
}

static enum state
end_head(struct http_filter *filter)
{
	bool has_body = filter->is_chunked || filter->body_bytes > 0;

	if (filter->minor_version == 1 && !(filter->seen & 1u << HOST))
		return refuse(filter, 400, "Host is missing");
	if (filter->is_chunked && filter->seen & 1u << LENGTH)
		return refuse(filter, 400, "Content-Length with Transfer-Encoding");
	if (filter->is_chunked && filter->minor_version == 0)
		return refuse(filter, 400, "Transfer-Encoding in HTTP/1.0");
	if (filter->is_head_method && has_body)
		return refuse(filter, 400, "a body on HEAD");
	if (filter->body_bytes > filter->body_most)
		return refuse(filter, 413, "the body is larger than the limit");
	if (!has_body || filter->minor_version == 0)
		filter->awaits_continue = false;
	filter->left_bytes = filter->body_bytes;
	if (filter->is_chunked)
		return begin_word(filter, SIZE);
	return has_body ? BODY : DONE;
}

static enum state
on_size(struct http_filter *filter, unsigned char byte)
{
	int digit = isdigit(byte) ? byte - '0' : tolower(byte) - 'a' + 10;

	filter->awaits_continue = false;
	if (byte == '\r' && filter->word_length > 0)
		return SIZE_END;
	if (byte == ';')
		return refuse(filter, 400, "a chunk extension");
	/* 8 digits are more than any body limit and never overflow */
	if (!isxdigit(byte) || ++filter->word_length > 8)
		return refuse(filter, 400, "a chunk size is not a number");
	filter->left_bytes = filter->left_bytes * 16 + (unsigned)digit;
	return SIZE;
}

static enum state
end_size(struct http_filter *filter)
{
	filter->body_bytes += filter->left_bytes;
	if (filter->body_bytes > filter->body_most)
		return refuse(filter, 413, "the body is larger than the limit");
	return filter->left_bytes > 0 ? CHUNK : LAST_CR;
}

static enum state
on_cr(struct http_filter *filter, unsigned char byte)
{
	if (byte == '\r')
		return filter->state == CHUNK_CR ? CHUNK_END : LAST_END;
	if (filter->state == CHUNK_CR)
		return refuse(filter, 400, "a chunk is longer than its size");
	/* evhttp would mix trailer fields with those of the head */
	return refuse(filter, 400, "a trailer field");
}

static enum state
on_end(struct http_filter *filter, unsigned char byte)
{
	if (byte != '\n')
		return refuse(filter, 400, "a carriage return without a line feed");
	if (filter->state == LINE_END)
		return NAME_START;
	if (filter->state == HEAD_END)
		return end_head(filter);
	if (filter->state == SIZE_END)
		return end_size(filter);
	return filter->state == CHUNK_END ? begin_word(filter, SIZE) : DONE;
}

typedef enum state step(struct http_filter *filter, unsigned char byte);

/* BODY and CHUNK pass by without a step. */
static step *const STEPS[] = {
	[METHOD] = on_method,
	[TARGET] = on_target,
	[VERSION] = on_version,
	[NAME_START] = on_name_start,
	[NAME] = on_name,
	[VALUE] = on_value,
	[LINE_END] = on_end,
	[HEAD_END] = on_end,
	[SIZE] = on_size,
	[SIZE_END] = on_end,
	[CHUNK_CR] = on_cr,
	[CHUNK_END] = on_end,
	[LAST_CR] = on_cr,
	[LAST_END] = on_end,
};

static enum state
take_byte(struct http_filter *filter, unsigned char byte)
{
	if (filter->state <= HEAD_END && ++filter->head_bytes > filter->head_most)
		return refuse(filter, 431, "the head is larger than the limit");
	return STEPS[filter->state](filter, byte);
}

static size_t
pass_by(struct http_filter *filter, size_t length)
{
	if (length > filter->left_bytes)
		length = (size_t)filter->left_bytes;
	filter->awaits_continue = false;
	filter->left_bytes -= length;
	if (filter->left_bytes == 0)
		filter->state = filter->state == BODY ? DONE : CHUNK_CR;
	return length;
}

void
http_filter_init(struct http_filter *filter, size_t head_most, size_t body_most)
{
	*filter = (struct http_filter){ .head_most = head_most, .body_most = body_most };
}

enum http_filter_result
http_filter_feed(
    struct http_filter *filter, const char *bytes, size_t length, size_t *used)
{
	size_t at = 0;

	if (filter->state == DONE && length > 0)
		http_filter_init(filter, filter->head_most, filter->body_most);
	while (at < length && filter->state != DONE && filter->state != REFUSED) {
		if (filter->state == BODY || filter->state == CHUNK)
			at += pass_by(filter, length - at);
		else
			filter->state =
			    (uint8_t)take_byte(filter, (unsigned char)bytes[at++]);
	}
	*used = at;
	if (filter->state == REFUSED)
		return HTTP_FILTER_REFUSED;
	return filter->state == DONE ? HTTP_FILTER_REQUEST : HTTP_FILTER_MORE;
}

bool
http_filter_take_continue(struct http_filter *filter)
{
	bool awaits = filter->awaits_continue && filter->state > HEAD_END;

	if (awaits)
		filter->awaits_continue = false;
	return awaits;
}
