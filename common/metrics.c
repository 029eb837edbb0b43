/* SPDX-License-Identifier: Apache-2.0
 * Metric values, and their text for Prometheus. */
#include "common/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/config.h"
#include "common/process.h"
#include "proto/message.h"

#define PREFIX "referral_"
#define SERIES_MOST 64
#define LABEL_BYTES 64

enum metric_type { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM };

/* Upper bounds in seconds, as they are written, with the same in microseconds: from one
 * match to an offer that waits an hour. */
static const struct {
	const char *text;
	int64_t most_us;
} BOUNDS[] = {
	{ "1e-05", 10 },
	{ "2.5e-05", 25 },
	{ "5e-05", 50 },
	{ "0.0001", 100 },
	{ "0.00025", 250 },
	{ "0.0005", 500 },
	{ "0.001", 1000 },
	{ "0.0025", 2500 },
	{ "0.005", 5000 },
	{ "0.01", 10000 },
	{ "0.025", 25000 },
	{ "0.05", 50000 },
	{ "0.1", 100000 },
	{ "0.25", 250000 },
	{ "0.5", 500000 },
	{ "1.0", 1000000 },
	{ "2.5", 2500000 },
	{ "5.0", 5000000 },
	{ "10.0", 10000000 },
	{ "30.0", 30000000 },
	{ "60.0", 60000000 },
	{ "300.0", 300000000 },
	{ "3600.0", 3600000000 },
};
#define BOUND_COUNT (sizeof BOUNDS / sizeof *BOUNDS)

static const struct {
	const char *name;
	enum metric_type type;
	const char *label;
	const char *about;
} METRIC[METRICS] = {
#define COUNTER(name, label, about) { PREFIX #name, TYPE_COUNTER, label, about },
#define GAUGE(name, label, about) { PREFIX #name, TYPE_GAUGE, label, about },
#define HISTOGRAM(name, label, about) { PREFIX #name, TYPE_HISTOGRAM, label, about },
#include "common/metrics.def"
};

/* One value of a label; of a metric without one, the only series. */
struct series {
	char label[LABEL_BYTES];
	bool is_present;
	double value; /* of a histogram: the sum in seconds */
	uint64_t count;
	uint64_t *buckets; /* histograms: observations up to each bound alone */
};

/* The last place is for "other". */
static struct {
	struct series *list;
	unsigned count;
} values[METRICS];

static bool
make_room(enum metric metric)
{
	bool is_single = METRIC[metric].label[0] == '\0';

	if (values[metric].list == NULL)
		values[metric].list =
		    calloc(is_single ? 1 : SERIES_MOST + 1, sizeof(struct series));
	return values[metric].list != NULL;
}

/* Takes a new place.  NULL: out of memory. */
static struct series *
series_new(enum metric metric, const char *label)
{
	struct series *series = &values[metric].list[values[metric].count];

	if (METRIC[metric].type == TYPE_HISTOGRAM && series->buckets == NULL)
		series->buckets = calloc(BOUND_COUNT, sizeof *series->buckets);
	if (METRIC[metric].type == TYPE_HISTOGRAM && series->buckets == NULL)
		return NULL;
	snprintf(series->label, LABEL_BYTES, "%s", label);
	values[metric].count++;
	return series;
}

static struct series *
series_find(enum metric metric, const char *label)
{
	for (unsigned i = 0; i < values[metric].count; i++)
		if (strncmp(values[metric].list[i].label, label, LABEL_BYTES - 1) == 0)
			return &values[metric].list[i];
	return NULL;
}

/* What a metric without label, or a caller without one, is kept under. */
static const char *
kept_label(enum metric metric, const char *label)
{
	return METRIC[metric].label[0] == '\0' || label == NULL ? "" : label;
}

/* The series to change.  NULL: out of memory, the value is lost. */
static struct series *
series_of(enum metric metric, const char *label)
{
	const char *value = kept_label(metric, label);
	struct series *found = series_find(metric, value);

	if (found != NULL || !make_room(metric))
		return found;
	if (values[metric].count >= SERIES_MOST) {
		found = series_find(metric, "other");
		value = "other";
	}
	return found != NULL ? found : series_new(metric, value);
}

void
metrics_add(enum metric metric, const char *label_value, double amount)
{
	struct series *series = series_of(metric, label_value);

	assert(METRIC[metric].type != TYPE_HISTOGRAM);
	assert(METRIC[metric].type != TYPE_COUNTER || amount >= 0);
	if (series == NULL)
		return;
	series->value = (series->is_present ? series->value : 0) + amount;
	series->is_present = true;
}

void
metrics_set(enum metric metric, const char *label_value, double value)
{
	struct series *series = series_of(metric, label_value);

	assert(METRIC[metric].type == TYPE_GAUGE);
	if (series == NULL)
		return;
	series->value = value;
	series->is_present = true;
}

void
metrics_clear(enum metric metric, const char *label_value)
{
	struct series *series = series_find(metric, kept_label(metric, label_value));

	assert(METRIC[metric].type == TYPE_GAUGE);
	if (series != NULL)
		series->is_present = false;
}

void
metrics_observe_us(enum metric metric, const char *label_value, int64_t microseconds)
{
	struct series *series = series_of(metric, label_value);
	size_t bucket = 0;

	assert(METRIC[metric].type == TYPE_HISTOGRAM);
	if (series == NULL)
		return;
	while (bucket < BOUND_COUNT && microseconds > BOUNDS[bucket].most_us)
		bucket++;
	if (bucket < BOUND_COUNT)
		series->buckets[bucket]++;
	series->is_present = true;
	series->count++;
	series->value += (double)microseconds / 1e6;
}

void
metrics_observe_since(enum metric metric, const char *label_value, int64_t from_ms)
{
	if (from_ms != TIME_ABSENT)
		metrics_observe_us(
		    metric, label_value, (clock_wall_ms() - from_ms) * 1000);
}

double
metrics_get(enum metric metric, const char *label_value)
{
	const struct series *series =
	    series_find(metric, kept_label(metric, label_value));

	if (series == NULL || !series->is_present)
		return 0;
	return METRIC[metric].type == TYPE_HISTOGRAM ? (double)series->count
	                                             : series->value;
}

static void
write_number(FILE *out, double number)
{
	char digits[32];

	if (isnan(number) || isinf(number)) {
		fputs(isnan(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf", out);
		return;
	}
	snprintf(digits, sizeof digits, "%.15g", number);
	if (strtod(digits, NULL) < number || strtod(digits, NULL) > number)
		snprintf(digits, sizeof digits, "%.17g", number);
	fputs(digits, out);
}

/* Label values are words of our own, so what is not ASCII is a slip and shows as '?'. */
static void
write_label(FILE *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value >= 0x20 && *value < 0x7f ? *value : '?', out);
	}
}

static void
write_name(FILE *out, enum metric metric, const struct series *series, const char *suffix,
    const char *bound)
{
	const char *label = METRIC[metric].label;

	fprintf(out, "%s%s", METRIC[metric].name, suffix);
	if (label[0] != '\0' || bound != NULL)
		fputc('{', out);
	if (label[0] != '\0') {
		fprintf(out, "%s=\"", label);
		write_label(out, series->label);
		fputc('"', out);
	}
	if (bound != NULL)
		fprintf(out, "%sle=\"%s\"", label[0] != '\0' ? "," : "", bound);
	if (label[0] != '\0' || bound != NULL)
		fputc('}', out);
	fputc(' ', out);
}

static void
write_histogram(FILE *out, enum metric metric, const struct series *series)
{
	uint64_t below = 0;

	for (size_t i = 0; i < BOUND_COUNT; i++) {
		below += series->buckets[i];
		write_name(out, metric, series, "_bucket", BOUNDS[i].text);
		fprintf(out, "%llu\n", (unsigned long long)below);
	}
	write_name(out, metric, series, "_bucket", "+Inf");
	fprintf(out, "%llu\n", (unsigned long long)series->count);
	write_name(out, metric, series, "_sum", NULL);
	write_number(out, series->value);
	fputc('\n', out);
	write_name(out, metric, series, "_count", NULL);
	fprintf(out, "%llu\n", (unsigned long long)series->count);
}

static void
write_series(FILE *out, enum metric metric, const struct series *series)
{
	if (METRIC[metric].type == TYPE_HISTOGRAM) {
		write_histogram(out, metric, series);
		return;
	}
	write_name(out, metric, series, "", NULL);
	write_number(out, series->value);
	fputc('\n', out);
}

static void
write_head(FILE *out, const char *name, const char *type, const char *about)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, type);
}

static void
write_metric(FILE *out, enum metric metric)
{
	static const char *const TYPES[] = { "counter", "gauge", "histogram" };
	const struct series *list;
	bool has_head = false;

	/* Without label a counter starts at 0, so that its first increase can be seen. */
	if (METRIC[metric].label[0] == '\0' && METRIC[metric].type != TYPE_GAUGE) {
		struct series *series = series_of(metric, NULL);

		if (series != NULL)
			series->is_present = true;
	}
	list = values[metric].list;
	for (unsigned i = 0; list != NULL && i < values[metric].count; i++) {
		if (!list[i].is_present)
			continue;
		if (!has_head)
			write_head(out, METRIC[metric].name, TYPES[METRIC[metric].type],
			    METRIC[metric].about);
		has_head = true;
		write_series(out, metric, &list[i]);
	}
}

static void
write_plain(
    FILE *out, const char *name, const char *type, const char *about, double value)
{
	write_head(out, name, type, about);
	fprintf(out, "%s ", name);
	write_number(out, value);
	fputc('\n', out);
}

static void
write_process(FILE *out)
{
	write_head(out, PREFIX "build_info", "gauge", "The version that runs");
	fputs(PREFIX "build_info{version=\"" HEARTHLINE_VERSION "\"} 1\n", out);
	write_plain(out, "process_start_time_seconds", "gauge",
	    "When the process started, seconds since 1970", process_started_at());
	write_plain(out, "process_resident_memory_bytes", "gauge", "Resident memory",
	    process_resident_bytes());
	write_plain(out, "process_cpu_seconds_total", "counter",
	    "CPU time, user and system", process_cpu_seconds());
}

char *
metrics_write(size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (out == NULL)
		return NULL;
	for (unsigned metric = 0; metric < METRICS; metric++)
		write_metric(out, (enum metric)metric);
	write_process(out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
