/* SPDX-License-Identifier: Apache-2.0
 * Which addresses a webhook may go to. */
#include <netinet/in.h>

#include "services/notifier/client_private.h"

enum reach { NEVER, PRIVATE, PUBLIC };

/* The first `bits` of an address. */
struct range {
	uint8_t prefix[16];
	unsigned bits;
	enum reach reach;
};

/* IANA's special-purpose address registries (RFC 6890); the first that fits counts. */
static const struct range RANGES_4[] = {
	{ { 0 }, 8, NEVER },             /* this network: connects to this host */
	{ { 10 }, 8, PRIVATE },          /* private use */
	{ { 100, 64 }, 10, PRIVATE },    /* carrier NAT */
	{ { 127 }, 8, PRIVATE },         /* loopback */
	{ { 169, 254 }, 16, NEVER },     /* link-local */
	{ { 172, 16 }, 12, PRIVATE },    /* private use */
	{ { 192, 0, 0 }, 24, NEVER },    /* protocol assignments */
	{ { 192, 0, 2 }, 24, NEVER },    /* documentation */
	{ { 192, 88, 99 }, 24, NEVER },  /* 6to4 relays */
	{ { 192, 168 }, 16, PRIVATE },   /* private use */
	{ { 198, 18 }, 15, NEVER },      /* benchmarks */
	{ { 198, 51, 100 }, 24, NEVER }, /* documentation */
	{ { 203, 0, 113 }, 24, NEVER },  /* documentation */
	{ { 224 }, 3, NEVER },           /* multicast, reserved, broadcast */
	{ { 0 }, 0, PUBLIC },
};

static const struct range RANGES_6[] = {
	{ { [15] = 1 }, 128, PRIVATE },            /* ::1 */
	{ { 0xfc }, 7, PRIVATE },                  /* unique local */
	{ { 0x20, 0x01 }, 23, NEVER },             /* assignments, Teredo, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, NEVER }, /* documentation */
	{ { 0x20, 0x02 }, 16, NEVER },             /* 6to4 */
	{ { 0x3f, 0xff }, 20, NEVER },             /* documentation */
	{ { 0x20 }, 3, PUBLIC },                   /* global unicast */
	{ { 0 }, 0, NEVER }, /* ::, mapped, NAT64, link-local, multicast, not assigned */
};

static bool
is_within(const uint8_t *address, const struct range *range)
{
	unsigned whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	if (memcmp(address, range->prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ range->prefix[whole]) >> (8 - rest) == 0;
}

static enum reach
reach_of(const uint8_t *address, const struct range *ranges)
{
	while (!is_within(address, ranges)) /* the last one takes all */
		ranges++;
	return ranges->reach;
}

bool
client_may_reach(const struct sockaddr *address, bool is_private_allowed)
{
	const void *any = address;
	enum reach reach = NEVER;

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = any;

		reach = reach_of((const uint8_t *)&in->sin_addr, RANGES_4);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = any;

		reach = reach_of(in6->sin6_addr.s6_addr, RANGES_6);
	}
	return reach == PUBLIC || (reach == PRIVATE && is_private_allowed);
}

/* Called with the address that will be connected to, for each that a name has. */
curl_socket_t
client_open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = self;
	bool is_private_allowed = attempt->client->settings.is_private_allowed;

	(void)purpose;
	if (!client_may_reach(&address->addr, is_private_allowed)) {
		attempt->has_refused = true;
		return CURL_SOCKET_BAD;
	}
	attempt->has_opened = true;
	return socket(
	    address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
