/* SPDX-License-Identifier: Apache-2.0
 * The rules of the Prometheus text format for counters, gauges and histograms, as a
 * checker for tests (promtool is not everywhere).  Include once per test binary. */
#ifndef TESTS_UNIT_METRICS_CHECK_H
#define TESTS_UNIT_METRICS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_LINES 4096
#define CHECK_NAME 128
#define CHECK_SERIES 1024

/* METRICS_PLAIN is what Hearthline writes: text format 0.0.4, every family with HELP and
 * TYPE, no time stamps.  METRICS_OPEN is the same subset of OpenMetrics. */
enum check_form { METRICS_PLAIN, METRICS_OPEN };

struct check {
	enum check_form form;
	char family[CHECK_NAME]; /* the current one */
	char type[16];           /* "" until TYPE came */
	bool has_help, has_type, has_sample;
	char seen[256][CHECK_NAME]; /* families that began */
	int seen_count;
	char *series[CHECK_LINES]; /* names with labels */
	int series_count;
	char histogram[CHECK_SERIES]; /* the labels but le of the open histogram series */
	double last_bound, last_count;
	bool is_in_buckets, has_infinity, has_sum, has_total, has_negative;
	const char *eof;
};

static bool
is_name_character(char character, bool is_first, bool may_colon)
{
	return (character >= 'a' && character <= 'z') ||
	       (character >= 'A' && character <= 'Z') || character == '_' ||
	       (may_colon && character == ':') ||
	       (!is_first && character >= '0' && character <= '9');
}

static size_t
name_length(const char *at, bool may_colon)
{
	size_t length = 0;

	while (is_name_character(at[length], length == 0, may_colon))
		length++;
	return length;
}

/* Decimal forms only; false: not a number. */
static bool
read_value(const char *text, double *value)
{
	char *end;

	if (strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 ||
	    strcmp(text, "-Inf") == 0) {
		*value = strtod(text, NULL);
		return true;
	}
	if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
		return false;
	*value = strtod(text, &end);
	return *end == '\0';
}

/* OpenMetrics keeps a backslash before any other character as it is. */
static bool
is_escapable(enum check_form form, char character)
{
	return character != '\0' &&
	       (form == METRICS_OPEN || strchr("\\\"n", character) != NULL);
}

/* A series' labels: checked, and `le` taken out.  NULL, or the rule. */
static const char *
check_labels(enum check_form form, const char **at, char *others, char *bound)
{
	char names[16][CHECK_NAME];
	int count = 0;
	size_t used = 0;

	for ((*at)++; **at != '}'; count++) {
		const char *start = *at;
		size_t length = name_length(*at, false);
		size_t value;

		if (length == 0 || length >= CHECK_NAME || count == 16)
			return "a label's name is none";
		snprintf(names[count], CHECK_NAME, "%.*s", (int)length, *at);
		for (int i = 0; i < count; i++)
			if (strcmp(names[i], names[count]) == 0)
				return "a label stands twice";
		*at += length;
		if (strncmp(*at, "=\"", 2) != 0)
			return "a label without =\"";
		*at += 2;
		for (value = 0; (*at)[value] != '"'; value++) {
			bool is_escape = (*at)[value] == '\\';

			value += is_escape;
			if ((*at)[value] == '\0' ||
			    (is_escape && !is_escapable(form, (*at)[value])))
				return "a label's value does not end or is escaped "
				       "wrongly";
		}
		if (strcmp(names[count], "le") == 0)
			snprintf(bound, 64, "%.*s", (int)value, *at);
		*at += value + 1;
		if (strcmp(names[count], "le") != 0)
			used += (size_t)snprintf(others + used, CHECK_SERIES - used,
			    "%.*s,", (int)(*at - start), start);
		if (**at == ',' && (*at)[1] != '}')
			(*at)++;
		else if (**at != '}')
			return "labels without a comma between them";
	}
	(*at)++;
	return NULL;
}

/* At the end of a family, and of each series of a histogram. */
static const char *
end_histogram(struct check *check)
{
	if (strcmp(check->type, "histogram") != 0 || !check->is_in_buckets)
		return NULL;
	check->is_in_buckets = false;
	if (!check->has_infinity)
		return "a histogram without a bucket +Inf";
	if (check->has_sum != check->has_total ||
	    (check->form == METRICS_PLAIN && !check->has_sum))
		return "a histogram without both sum and count";
	return NULL;
}

static const char *
begin_family(struct check *check, const char *name)
{
	const char *problem = end_histogram(check);

	if (problem != NULL)
		return problem;
	if (check->form == METRICS_PLAIN && check->family[0] != '\0' &&
	    (!check->has_help || !check->has_type || !check->has_sample))
		return "a family without HELP, TYPE or sample";
	for (int i = 0; i < check->seen_count; i++)
		if (strcmp(check->seen[i], name) == 0)
			return "a family stands in two places";
	if (check->seen_count < 256)
		snprintf(check->seen[check->seen_count++], CHECK_NAME, "%s", name);
	snprintf(check->family, CHECK_NAME, "%s", name);
	check->type[0] = '\0';
	check->has_help = check->has_type = check->has_sample = false;
	return NULL;
}

static const char *
check_metadata(struct check *check, const char *line)
{
	bool is_type = strncmp(line, "# TYPE ", 7) == 0;
	const char *rest = line + 7;
	size_t length = name_length(rest, true);
	char name[CHECK_NAME];
	const char *problem = NULL;

	if (!is_type && strncmp(line, "# HELP ", 7) != 0)
		return check->form == METRICS_OPEN ? "neither HELP nor TYPE" : NULL;
	if (length == 0 || length >= CHECK_NAME || rest[length] != ' ')
		return "metadata without a name and a text";
	snprintf(name, sizeof name, "%.*s", (int)length, rest);
	if (strcmp(name, check->family) != 0)
		problem = begin_family(check, name);
	if (problem != NULL || check->has_sample ||
	    (is_type ? check->has_type : check->has_help))
		return problem ? problem : "metadata twice or after a sample";
	rest += length + 1;
	if (!is_type) {
		check->has_help = true;
		for (; (rest = strchr(rest, '\\')) != NULL; rest += 2)
			if (!is_escapable(check->form, rest[1]))
				return "help is escaped wrongly";
		return NULL;
	}
	check->has_type = true;
	snprintf(check->type, sizeof check->type, "%s", rest);
	return strcmp(rest, "counter") == 0 || strcmp(rest, "gauge") == 0 ||
	               strcmp(rest, "histogram") == 0 ||
	               (check->form == METRICS_OPEN && strcmp(rest, "unknown") == 0)
	           ? NULL
	           : "a type that is none";
}

static const char *
check_bucket(
    struct check *check, const char *others, const char *bound_text, double value)
{
	double bound;
	const char *problem;

	if (!read_value(bound_text, &bound))
		return "a bucket without a bound";
	if (check->is_in_buckets && strcmp(others, check->histogram) != 0 &&
	    (problem = end_histogram(check)) != NULL)
		return problem;
	if (!check->is_in_buckets || check->has_infinity) {
		if (check->is_in_buckets)
			return "a bucket after +Inf";
		check->is_in_buckets = true;
		check->has_infinity = check->has_sum = check->has_total = false;
		check->has_negative = false;
		snprintf(check->histogram, CHECK_SERIES, "%s", others);
	} else if (bound <= check->last_bound || value < check->last_count) {
		return "buckets that do not rise";
	}
	check->last_bound = bound;
	check->last_count = value;
	check->has_infinity = strcmp(bound_text, "+Inf") == 0;
	check->has_negative = check->has_negative || bound < 0;
	return value >= 0 && value < 1e15 && value <= (double)(long long)value
	           ? NULL
	           : "a bucket that is no count";
}

static const char *
check_histogram(struct check *check, const char *suffix, const char *others,
    const char *bound, double value)
{
	bool is_count = strcmp(suffix, "_count") == 0;

	if (strcmp(suffix, "_bucket") == 0)
		return check_bucket(check, others, bound, value);
	if (!is_count && strcmp(suffix, "_sum") != 0)
		return "a sample of another name than its family";
	if (!check->is_in_buckets || strcmp(others, check->histogram) != 0 ||
	    !check->has_infinity)
		return "sum or count without their buckets";
	if (is_count ? check->has_total : check->has_sum)
		return "sum or count twice";
	check->has_total = check->has_total || is_count;
	check->has_sum = check->has_sum || !is_count;
	if (is_count && (value < check->last_count || value > check->last_count))
		return "a count that is not the bucket +Inf";
	if (!is_count && check->has_negative)
		return "a sum beside a negative bucket";
	return !is_count && !(value >= 0) ? "a sum that is no number" : NULL;
}

static const char *
check_typed(struct check *check, const char *name, const char *others, const char *bound,
    double value)
{
	size_t length = strlen(check->family);
	const char *suffix = name + length;

	check->has_sample = true;
	if (strcmp(check->type, "histogram") == 0)
		return check_histogram(check, suffix, others, bound, value);
	if (strcmp(check->type, "counter") != 0)
		return *suffix == '\0' ? NULL
		                       : "a sample of another name than its family";
	if (check->form == METRICS_OPEN ? strcmp(suffix, "_total") != 0
	                                : *suffix != '\0' || length < 7 ||
	                                      strcmp(name + length - 6, "_total") != 0)
		return "a counter's sample is not called _total";
	return value >= 0 ? NULL : "a counter below 0";
}

static const char *
check_sample(struct check *check, const char *line)
{
	const char *at = line + name_length(line, true);
	char name[CHECK_NAME];
	char others[CHECK_SERIES] = "";
	char bound[64] = "";
	double value;
	const char *problem = NULL;

	if (at == line || (size_t)(at - line) >= CHECK_NAME)
		return "a sample without a name";
	snprintf(name, sizeof name, "%.*s", (int)(at - line), line);
	if (*at == '{' &&
	    (problem = check_labels(check->form, &at, others, bound)) != NULL)
		return problem;
	for (int i = 0; i < check->series_count; i++)
		if (strlen(check->series[i]) == (size_t)(at - line) &&
		    strncmp(check->series[i], line, (size_t)(at - line)) == 0)
			return "a series stands twice";
	if (check->series_count < CHECK_LINES)
		check->series[check->series_count++] = strndup(line, (size_t)(at - line));
	if (*at != ' ' || !read_value(at + 1, &value))
		return "a sample without one number";
	if (strncmp(name, check->family, strlen(check->family)) != 0 ||
	    check->family[0] == '\0')
		problem = begin_family(check, name);
	return problem ? problem : check_typed(check, name, others, bound, value);
}

static const char *
check_line(struct check *check, const char *line)
{
	if (check->eof != NULL)
		return "a line after # EOF";
	if (check->form == METRICS_OPEN && strcmp(line, "# EOF") == 0) {
		check->eof = line;
		return NULL;
	}
	if (*line == '#')
		return check_metadata(check, line);
	return *line == '\0' ? "an empty line" : check_sample(check, line);
}

/* NULL: legal; else the rule that is broken, and where in *line_number (from 1). */
static const char *
metrics_check(const char *text, enum check_form form, int *line_number)
{
	struct check *check = calloc(1, sizeof *check);
	char *copy = strdup(text);
	char *rest = copy;
	char *end;
	const char *problem = NULL;

	check->form = form;
	*line_number = 0;
	while (problem == NULL && (end = strchr(rest, '\n')) != NULL) {
		++*line_number;
		*end = '\0';
		problem = check_line(check, rest);
		rest = end + 1;
	}
	if (problem == NULL && *rest != '\0')
		problem = form == METRICS_OPEN && strcmp(rest, "# EOF") == 0
		              ? check_line(check, rest)
		              : "a last line without an end";
	if (problem == NULL)
		problem = begin_family(check, "");
	if (problem == NULL && form == METRICS_OPEN && check->eof == NULL)
		problem = "no # EOF";
	while (check->series_count > 0)
		free(check->series[--check->series_count]);
	free(copy);
	free(check);
	return problem;
}

#endif
