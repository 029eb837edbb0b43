/* SPDX-License-Identifier: Apache-2.0
 * Counters, gauges and histograms of metrics.def, as Prometheus text (format 0.0.4). */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "proto/status.h"

enum metric {
#define COUNTER(name, label, about) METRIC_##name,
#define GAUGE(name, label, about) METRIC_##name,
#define HISTOGRAM(name, label, about) METRIC_##name,
#include "common/metrics.def"
	METRICS
};

/* `label_value` NULL where the metric has no label.  More than 64 values of one label are
 * counted under "other". */
void metrics_add(enum metric metric, const char *label_value, double amount);
void metrics_set(enum metric metric, const char *label_value, double value);
/* Takes a gauge out of the text until it is set again: absence is not zero. */
void metrics_clear(enum metric metric, const char *label_value);
void metrics_observe_us(
    enum metric metric, const char *label_value, int64_t microseconds);
/* What has passed since `from_ms` of the wall clock; nothing where that is TIME_ABSENT. */
void metrics_observe_since(enum metric metric, const char *label_value, int64_t from_ms);
/* The value, of a histogram how often it was observed; 0 where there is none. */
double metrics_get(enum metric metric, const char *label_value);

/* Writes the whole text, also build_info, process start time, resident memory and CPU time;
 * returns a malloc'd text that the caller frees, NULL: out of memory. */
char *metrics_write(size_t *length);

#endif
