/* SPDX-License-Identifier: Apache-2.0
 * The price of a place. */
#include "services/matcher/price.h"

#include <math.h>

#define MINUTE_MS 60000
#define HALF_MINUTES (10 * 24 * 60.0)
/* Who does not count its places is priced as one that has these. */
#define PLACES_UNKNOWN 20

/* Clocks that are set back age nothing. */
static double
families_at(const struct price *price, int64_t now_ms)
{
	double minutes = (double)(now_ms / MINUTE_MS) - price->at_minute;

	return (double)price->families * exp2(-fmax(minutes, 0) / HALF_MINUTES);
}

void
price_note(struct price *price, double share, int64_t now_ms)
{
	int64_t minute = now_ms / MINUTE_MS;

	price->families = (float)(families_at(price, now_ms) + share);
	if (minute > price->at_minute)
		price->at_minute = (uint32_t)minute;
}

double
price_percent(const struct price *price, double free_places, int64_t now_ms)
{
	double places = isnan(free_places) ? PLACES_UNKNOWN : fmax(free_places, 0);
	double families;

	if (price->families <= 0)
		return 0;
	families = families_at(price, now_ms);
	return families > 0 ? round(100 * families / (families + places)) : 0;
}
