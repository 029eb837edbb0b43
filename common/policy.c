/* SPDX-License-Identifier: Apache-2.0
 * Reads, checks and writes policies. */
#include "common/policy.h"

#include <ini.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What a line shows of what was given. */
#define SHOWN_MOST 40

struct value {
	const char *section, *name, *unit;
	double standard, least, largest;
	size_t offset;
};

static const struct value VALUES[] = {
#define PART(name, unit, weight, least, largest, en, uk, ru, about)                      \
	{ "weight", #name, unit, weight, least, largest,                                 \
		offsetof(struct policy, weight_##name) },
#include "proto/score.def"
#undef PART
#define VALUE(section, name, standard, least, largest, unit, about)                      \
	{ #section, #name, unit, standard, least, largest,                               \
		offsetof(struct policy, section##_##name) },
#include "common/policy.def"
#undef VALUE
};
#define COUNT (sizeof VALUES / sizeof *VALUES)

const struct policy POLICY_STANDARD = {
#define PART(name, unit, weight, least, largest, en, uk, ru, about)                      \
	.weight_##name = (weight),
#include "proto/score.def"
#undef PART
#define VALUE(section, name, standard, least, largest, unit, about)                      \
	.section##_##name = (standard),
#include "common/policy.def"
#undef VALUE
};

static double
value_of(const struct policy *policy, const struct value *value)
{
	double number;

	memcpy(&number, (const char *)policy + value->offset, sizeof number);
	return number;
}

/* ---- reading ---- */

struct reader {
	struct policy policy;
	FILE *problems;
	unsigned problem_count;
	bool is_given[COUNT];
};

static void __attribute__((format(printf, 4, 5))) complain(
    struct reader *reader, const char *section, const char *name, const char *format, ...)
{
	va_list arguments;

	reader->problem_count++;
	if (reader->problems == NULL)
		return;
	fprintf(reader->problems, "%.*s.%.*s: ", SHOWN_MOST, section, SHOWN_MOST, name);
	va_start(arguments, format);
	vfprintf(reader->problems, format, arguments);
	va_end(arguments);
	fputc('\n', reader->problems);
}

static void
take(struct reader *reader, size_t at, const char *text)
{
	const struct value *value = &VALUES[at];
	char *end;
	double number = strtod(text, &end);

	if (reader->is_given[at])
		complain(reader, value->section, value->name, "given twice");
	else if (end == text || *end != '\0' || !isfinite(number) ||
	         number < value->least || number > value->largest)
		complain(reader, value->section, value->name,
		    "%.*s is not legal; legal: %g to %g %s", SHOWN_MOST, text,
		    value->least, value->largest, value->unit);
	else
		memcpy((char *)&reader->policy + value->offset, &number, sizeof number);
	reader->is_given[at] = true;
}

static int
on_value(void *self, const char *section, const char *name, const char *text)
{
	struct reader *reader = self;

	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(VALUES[i].section, section) == 0 &&
		    strcmp(VALUES[i].name, name) == 0) {
			take(reader, i, text);
			return 1;
		}
	complain(reader, section, name, "there is no such value");
	return 1;
}

/* A service that is known to be full must not come before one that is not. */
static void
check_full(struct reader *reader)
{
	double most = 0, rules = 32 * reader->policy.weight_unknowns +
	                         100 * reader->policy.weight_scarcity;

	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(VALUES[i].section, "weight") == 0)
			most += fmax(0, value_of(&reader->policy, &VALUES[i]));
	if (reader->policy.weight_full + most >= rules)
		complain(reader, "weight", "full",
		    "a full service would come before others; legal with the other "
		    "weights: less than %g",
		    rules - most);
}

enum status
policy_read(struct policy *policy, const char *text, FILE *problems)
{
	struct reader reader = { .policy = POLICY_STANDARD, .problems = problems };
	int line = ini_parse_string(text, on_value, &reader);

	if (line != 0 && problems != NULL)
		fprintf(problems, "line %d: neither [SECTION] nor NAME = NUMBER\n", line);
	reader.problem_count += line != 0;
	if (reader.problem_count == 0)
		check_full(&reader);
	if (reader.problem_count > 0)
		return STATUS_INVALID;
	reader.policy.version = policy->version;
	*policy = reader.policy;
	return STATUS_OK;
}

/* ---- writing ---- */

/* The fewest digits that are read back as the same number. */
static void
print_number(FILE *out, double number)
{
	char text[32];

	for (int digits = 6; digits <= 17; digits++) {
		(void)snprintf(text, sizeof text, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	fputs(text, out);
}

void
policy_print(const struct policy *policy, FILE *out)
{
	static const char *const ABOUT[] = {
#define PART(name, unit, weight, least, largest, en, uk, ru, about) NULL,
#include "proto/score.def"
#undef PART
#define VALUE(section, name, standard, least, largest, unit, about) about,
#include "common/policy.def"
#undef VALUE
	};

	for (size_t i = 0; i < COUNT; i++) {
		const struct value *value = &VALUES[i];

		if (i == 0 || strcmp(value->section, VALUES[i - 1].section) != 0)
			fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "", value->section);
		if (ABOUT[i] != NULL)
			fprintf(out, "# %s\n", ABOUT[i]);
		fprintf(out, "# %s; %g to %g, standard %g\n", value->unit, value->least,
		    value->largest, value->standard);
		fprintf(out, "%s = ", value->name);
		print_number(out, value_of(policy, value));
		fputc('\n', out);
	}
}

void
policy_compare(const struct policy *one, const struct policy *other,
    policy_difference *difference, void *self)
{
	for (size_t i = 0; i < COUNT; i++) {
		double first = value_of(one, &VALUES[i]);
		double second = value_of(other, &VALUES[i]);
		char name[80];

		if (first == second)
			continue;
		(void)snprintf(
		    name, sizeof name, "%s.%s", VALUES[i].section, VALUES[i].name);
		difference(self, name, first, second);
	}
}
