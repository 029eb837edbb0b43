/* SPDX-License-Identifier: Apache-2.0
 * referralctl search: services of the directory, best first. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] search [TEXT] [--near LAT,LON [--within-km N]]\n"
    "                   [--term T] [--place P] [--lang L] [--agency A] [--open-at T]\n"
    "                   [--limit N] [--offset N] [--json]\n\n"
    "Finds services of the directory, best first; without anything it lists them.  Words "
    "are\n"
    "found in any spelling, in Latin or Cyrillic letters, with errors where few are "
    "without.\n"
    "Entries for cleared roles only are not shown.\n\n"
    "  --near LAT,LON  with the distance, the nearest first among equals\n"
    "  --within-km N   no farther than that\n"
    "  --term T        taxonomy term code, its descendants included\n"
    "  --place P       code of a place that is served\n"
    "  --agency A      agency id\n"
    "  --lang L        BCP 47 language that is spoken there\n"
    "  --open-at T     open at this moment, RFC 3339\n"
    "  --limit N       so many, 1 to 50 (default 20)\n"
    "  --offset N      pass over the first N\n"
    "  --json          print JSON, as GET /api/v1/services answers\n\n"
    "Example: referralctl search shelter --near 48.92,24.71\n\n"
    "Exit: 0 done (also where nothing was found), 1 failed, 2 usage.\n";

/* "LAT,LON" in degrees. */
static bool
read_point(const char *near, double *lat, double *lon)
{
	int used = 0;

	return sscanf(near, "%lf,%lf%n", lat, lon, &used) == 2 && near[used] == '\0' &&
	       *lat >= -90 && *lat <= 90 && *lon >= -180 && *lon <= 180;
}

static bool
read_km(const char *within, double *km)
{
	int used = 0;

	return sscanf(within, "%lf%n", km, &used) == 1 && within[used] == '\0' &&
	       *km >= 0;
}

static void
put_terms(struct sheet *sheet, const struct service_brief *service)
{
	char terms[256] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < service->terms_count && used < sizeof terms; i++)
		used += (size_t)snprintf(terms + used, sizeof terms - used, "%s%.*s",
		    i > 0 ? " " : "", (int)service->terms[i].length,
		    service->terms[i].at);
	sheet_word(sheet, terms);
}

static int
print_text(struct session *session, const struct found *found, uint32_t offset)
{
	struct sheet *sheet = sheet_new("SERVICE >KM NAME AGENCY TERMS");
	bool is_good = sheet != NULL;

	for (uint32_t i = 0; is_good && i < found->services_count; i++) {
		const struct service_brief *service = &found->services[i];

		sheet_text(sheet, service->id);
		if (isnan(service->distance_km))
			sheet_word(sheet, "");
		else
			sheet_format(sheet, "%.1f", service->distance_km);
		sheet_text(sheet, service->name);
		sheet_text(sheet, service->agency_name.length > 0 ? service->agency_name
		                                                  : service->agency);
		put_terms(sheet, service);
	}
	is_good = is_good && sheet_print(sheet, 0, stdout);
	sheet_free(sheet);
	if (!is_good)
		return session_failed(session, STATUS_NO_MEMORY);
	if (found->services_count == 0)
		printf("none of %u\n", found->total);
	else
		printf("%u to %u of %u\n", offset + 1, offset + found->services_count,
		    found->total);
	return EXIT_DONE;
}

static int
search(struct session *session, uint32_t offset)
{
	const struct message *reply =
	    session_ask(session, SESSION_MATCHER, MESSAGE_found);

	if (reply == NULL)
		return EXIT_FAILED;
	return session->wants_json
	           ? session_write(session, NULL, &record_found, &reply->found)
	           : print_text(session, &reply->found, offset);
}

/* Checks what the table says of the message; each defect is a wrong option. */
static bool
is_legal(const char *command, const struct search *question)
{
	struct defects defects = { .count = 0 };

	record_check(&record_search, question, &defects);
	if (defects.count == 0)
		return true;
	(void)flags_wrong(command, "%s: %s", defects.list[0].field, defects.list[0].why);
	return false;
}

int
search_command(int argc, char **argv, const char *dir)
{
	const char *near = NULL, *term = NULL, *lang = NULL, *open_at = NULL,
	           *limit = NULL, *offset = NULL, *within = NULL, *place = NULL,
	           *agency = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "near", &near, NULL }, { "term", &term, NULL },
		{ "lang", &lang, NULL }, { "open-at", &open_at, NULL },
		{ "within-km", &within, NULL }, { "place", &place, NULL },
		{ "agency", &agency, NULL }, { "limit", &limit, NULL },
		{ "offset", &offset, NULL }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct search question;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 0, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	record_init(&record_search, &question);
	question.q = text_of(words[0]);
	question.term = text_of(term);
	question.place = text_of(place);
	question.lang = text_of(lang);
	question.agency = text_of(agency);
	question.cleared = FLAG_NO;
	question.offset = 0;
	question.most = 20;
	if (near != NULL && !read_point(near, &question.lat, &question.lon))
		return flags_wrong(
		    argv[0], "--near wants LAT,LON in degrees, not %s", near);
	if (within != NULL && (near == NULL || !read_km(within, &question.within_km)))
		return flags_wrong(argv[0], "--within-km wants a distance and --near");
	if (open_at != NULL && !clock_parse(text_of(open_at), &question.open_at))
		return flags_wrong(
		    argv[0], "--open-at wants an RFC 3339 time, not %s", open_at);
	if (!flags_number(argv[0], "limit", limit, 1, 50, &question.most) ||
	    !flags_number(argv[0], "offset", offset, 0, 10000000, &question.offset) ||
	    !is_legal(argv[0], &question))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir)) {
		message_init(session.out, MESSAGE_search);
		session.out->search = question;
		exit = search(&session, question.offset);
	}
	session_close(&session);
	return exit;
}
