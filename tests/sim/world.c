/* SPDX-License-Identifier: Apache-2.0
 * Reads a world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct reading {
	struct world *world;
	const char *path;
	unsigned line;
	uint32_t sites_room, families_room, events_room;
};

_Noreturn static void
die(const struct reading *reading, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", reading->path, reading->line, what);
	exit(2);
}

static void *
grow(void *at, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return at;
	*room = *room * 2 + 64;
	at = realloc(at, *room * size);
	if (at == NULL)
		abort();
	return at;
}

static unsigned
split_languages(char *words, char languages[][8])
{
	unsigned count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(words, ",", &rest); word && count < LANGUAGES_MOST;
	     word = strtok_r(NULL, ",", &rest))
		(void)snprintf(languages[count++], sizeof *languages, "%s", word);
	return count;
}

static void
add_event(struct reading *reading, const struct event *event)
{
	struct world *world = reading->world;

	world->events = grow(world->events, world->events_count, &reading->events_room,
	    sizeof *world->events);
	world->events[world->events_count++] = *event;
}

static void
read_service(struct reading *reading, const char *line)
{
	struct world *world = reading->world;
	char languages[40];
	struct site *site;

	world->sites = grow(
	    world->sites, world->sites_count, &reading->sites_room, sizeof *world->sites);
	site = &world->sites[world->sites_count];
	*site = (struct site){ .places = 0 };
	if (sscanf(line, "service %u %63s %15s %lf %lf %lf %39s %d %d %lf %lf %lf",
	        &site->agency, site->term, site->kind, &site->lat, &site->lon,
	        &site->reach_km, languages, &site->opens, &site->closes, &site->silent,
	        &site->declines, &site->answers) != 12)
		die(reading, "not a service");
	(void)snprintf(site->id, sizeof site->id, "s%u", world->sites_count);
	(void)snprintf(site->agency_id, sizeof site->agency_id, "a%u", site->agency);
	site->languages_count = split_languages(languages, site->languages);
	site->is_special = strcmp(site->kind, "general") != 0;
	if (site->agency >= world->agencies_count)
		world->agencies_count = site->agency + 1;
	add_event(reading, &(struct event){ .minute = site->closes,
	                       .kind = HAPPENS_close,
	                       .who = world->sites_count++ });
}

static void
read_family(struct reading *reading, const char *line)
{
	struct world *world = reading->world;
	char urgency[16], languages[40];
	struct family *family;
	int difficulty;

	world->families = grow(world->families, world->families_count,
	    &reading->families_room, sizeof *world->families);
	family = &world->families[world->families_count];
	*family = (struct family){ .fits = NULL };
	if (sscanf(line, "family %d %15s %d %63s %lf %lf %39s %d", &family->minute,
	        urgency, &family->patience, family->term, &family->lat, &family->lon,
	        languages, &difficulty) != 8)
		die(reading, "not a family");
	family->urgency = strcmp(urgency, "emergency") == 0 ? urgency_emergency
	                  : strcmp(urgency, "urgent") == 0  ? urgency_urgent
	                                                    : urgency_normal;
	family->has_difficulty = difficulty != 0;
	family->languages_count = split_languages(languages, family->languages);
	add_event(reading, &(struct event){ .minute = family->minute,
	                       .kind = HAPPENS_family,
	                       .who = world->families_count++ });
}

static void
read_happening(struct reading *reading, const char *line)
{
	struct event event = { .kind = HAPPENS_open };

	if (sscanf(line, "open %u %d %d %d", &event.who, &event.minute, &event.places,
	        &event.told) != 4) {
		event.kind = HAPPENS_report;
		if (sscanf(line, "report %u %d", &event.who, &event.minute) != 2)
			die(reading, "nothing that a world has");
	}
	if (event.who >= reading->world->sites_count)
		die(reading, "no such service");
	reading->world->sites[event.who].places += event.places;
	add_event(reading, &event);
}

static void
read_line(struct reading *reading, const char *line)
{
	struct world *world = reading->world;
	unsigned long long seed;

	if (strncmp(line, "service ", 8) == 0) {
		read_service(reading, line);
	} else if (strncmp(line, "family ", 7) == 0) {
		read_family(reading, line);
	} else if (strncmp(line, "world ", 6) == 0) {
		if (sscanf(line, "world %31s %d %llu %lf %lf %lf", world->name,
		        &world->days, &seed, &world->tired_after, &world->tired_silent,
		        &world->improvises) != 6)
			die(reading, "not a world");
		world->seed = seed;
	} else {
		read_happening(reading, line);
	}
}

/* Places open before families come, and a service closes last. */
static int
by_time(const void *one, const void *other)
{
	const struct event *a = one, *b = other;
	int a_kind = a->kind == HAPPENS_close ? 9 : (int)a->kind;
	int b_kind = b->kind == HAPPENS_close ? 9 : (int)b->kind;

	if (a->minute != b->minute)
		return a->minute < b->minute ? -1 : 1;
	if (a_kind != b_kind)
		return a_kind < b_kind ? -1 : 1;
	return a->who < b->who ? -1 : a->who > b->who;
}

static void
count_weekly(struct world *world)
{
	world->agency_weekly =
	    calloc(world->agencies_count, sizeof *world->agency_weekly);
	if (world->agency_weekly == NULL)
		abort();
	for (uint32_t i = 0; i < world->sites_count; i++)
		world->agency_weekly[world->sites[i].agency] +=
		    world->sites[i].places * 7.0 / world->days;
}

struct world *
world_read(const char *path)
{
	struct reading reading = { .path = path,
		.world = calloc(1, sizeof(struct world)) };
	FILE *file = fopen(path, "r");
	char line[512];

	if (file == NULL || reading.world == NULL)
		die(&reading, "cannot be read");
	while (fgets(line, sizeof line, file) != NULL) {
		reading.line++;
		if (strchr(line, '\n') == NULL && !feof(file))
			die(&reading, "a line is too long");
		read_line(&reading, line);
	}
	fclose(file);
	if (reading.world->days <= 0 || reading.world->agencies_count == 0)
		die(&reading, "has no days or no services");
	qsort(reading.world->events, reading.world->events_count,
	    sizeof *reading.world->events, by_time);
	count_weekly(reading.world);
	return reading.world;
}

void
world_free(struct world *world)
{
	for (uint32_t i = 0; i < world->families_count; i++) {
		free(world->families[i].fits);
		free(world->families[i].km);
	}
	free(world->families);
	free(world->sites);
	free(world->agency_weekly);
	free(world->events);
	free(world);
}

double
world_coin(const struct world *world, uint32_t family, uint32_t site, unsigned of)
{
	uint64_t lot = world->seed * UINT64_C(0xd6e8feb86659fd93) +
	               ((uint64_t)family << 32 | (uint64_t)site << 2 | of) *
	                   UINT64_C(0x9e3779b97f4a7c15);

	lot = (lot ^ lot >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	lot = (lot ^ lot >> 27) * UINT64_C(0x94d049bb133111eb);
	lot ^= lot >> 31;
	return (double)(lot >> 11) / (double)(UINT64_C(1) << 53);
}

bool
world_would_take(const struct world *world, uint32_t family, uint32_t site)
{
	const struct site *at = &world->sites[site];

	if (world->families[family].has_difficulty && strcmp(at->kind, "access") != 0 &&
	    world_coin(world, family, site, 0) >= world->improvises)
		return false;
	return world_coin(world, family, site, 1) >= at->declines;
}

bool
world_would_answer(const struct world *world, uint32_t family, uint32_t site)
{
	return world_coin(world, family, site, 2) >= world->sites[site].silent;
}
