/* SPDX-License-Identifier: Apache-2.0
 * What cases keep packed, for scripts that look at it or damage it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/kept.h"
#include "tests/unit/cases_fixture.h"

/* "RECORD NAME NAME ...;RECORD ..." of kept.def. */
static const char *
kept_names(void)
{
	static char text[2048];
	size_t used = 0;

	for (const struct kept_record *r = kept_records(); r->name != NULL; r++) {
		used += (size_t)snprintf(text + used, sizeof text - used, "%s", r->name);
		for (const char *const *field = r->fields; *field != NULL; field++)
			used += (size_t)snprintf(
			    text + used, sizeof text - used, " %s", *field);
		used += (size_t)snprintf(text + used, sizeof text - used, ";");
	}
	assert_true(used < sizeof text - 1);
	return text;
}

/* clang-format off */
static const char PRELUDE[] =
    "local KEPT = {}\n"
    "for record, list in string.gmatch(ARGV[2], '(%a+)([^;]*);') do\n"
    "  local names = {}\n"
    "  for name in string.gmatch(list, '%S+') do names[#names + 1] = name end\n"
    "  KEPT[record] = names\n"
    "end\n"
    "local function kept_texts(packed)\n"
    "  local texts = {}\n"
    "  for text in string.gmatch(packed .. '\\0', '([^%z]*)%z') do\n"
    "    texts[#texts + 1] = text\n"
    "  end\n"
    "  return texts\n"
    "end\n"
    "local function kept_record(field)\n"
    "  if field == 'head' then return 'head', '' end\n"
    "  if string.find(field, '^n%d+$') then return 'need', field .. '.' end\n"
    "  if string.find(field, '^r%d+%-%d+$') then return 'referral', field .. '.' end\n"
    "end\n"
    "local function kept_fields(packed, record, prefix, out)\n"
    "  local texts = kept_texts(packed)\n"
    "  for i, name in ipairs(KEPT[record]) do\n"
    "    if texts[i] ~= '' then out[prefix .. name] = texts[i] end\n"
    "  end\n"
    "  return out\n"
    "end\n"
    "local function case_fields(key)\n"
    "  local list, out = redis.call('HGETALL', key), {}\n"
    "  for i = 1, #list, 2 do\n"
    "    local record, prefix = kept_record(list[i])\n"
    "    if record then kept_fields(list[i + 1], record, prefix, out)\n"
    "    else out[list[i]] = list[i + 1] end\n"
    "  end\n"
    "  return out\n"
    "end\n"
    "local function case_put(key, name, value)\n"
    "  local prefix, last = string.match(name, '^([nr][%d-]+)%.(.*)$')\n"
    "  local field = prefix or 'head'\n"
    "  local texts = kept_texts(redis.call('HGET', key, field))\n"
    "  for i, one in ipairs(KEPT[kept_record(field)]) do\n"
    "    if one == (last or name) then texts[i] = value end\n"
    "  end\n"
    "  redis.call('HSET', key, field, table.concat(texts, '\\0'))\n"
    "end\n";
/* clang-format on */

const char *
kept_script(const char *script, const char *argument)
{
	static char whole[16384];
	int length = snprintf(whole, sizeof whole, "%s%s", PRELUDE, script);

	assert_in_range(length, 1, sizeof whole - 1);
	const struct text arguments[] = { LITERAL("EVAL"), text_of(whole), LITERAL("0"),
		text_of(argument), text_of(kept_names()) };

	return redis_send(5, arguments);
}

const char *
field_of(const char *case_id, const char *field)
{
	char argument[128];

	(void)snprintf(argument, sizeof argument, "%s %s", case_id, field);
	return kept_script("local id, field = string.match(ARGV[1], '^(%S+) (%S+)$')\n"
	                   "return case_fields('{c1}:case:' .. id)[field] or ''",
	    argument);
}

void
field_put(const char *case_id, const char *field, const char *value)
{
	char argument[128];

	(void)snprintf(argument, sizeof argument, "%s %s %s", case_id, field, value);
	(void)kept_script(
	    "local id, field, value = string.match(ARGV[1], '^(%S+) (%S+) (%S*)$')\n"
	    "case_put('{c1}:case:' .. id, field, value)",
	    argument);
}
