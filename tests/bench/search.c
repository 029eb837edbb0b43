/* SPDX-License-Identifier: Apache-2.0
 * Searches over so many services in this process: build/bench/search [SERVICES [QUESTIONS]].
 * Prints one JSON object: microseconds of CPU for each kind of question, for a scan of all
 * folded texts, for putting a service and for giving it another name, and bytes of memory.
 *
 * The words are made of syllables, half of them Cyrillic, and come as words of a language do: the
 * n-th in 1 of n places (G. K. Zipf, 1935). */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/fold.h"
#include "services/matcher/search.h"
#include "tests/bench/bench.h"

#define WORDS 80000
#define WORD_BYTES 32
#define DESCRIPTION_WORDS 40
#define SCANS 20

static char words[WORDS][WORD_BYTES];
static uint64_t state = 1;
static struct service_facts facts;
static char texts[4][DESCRIPTION_WORDS * WORD_BYTES];
static char *scanned; /* folded texts of all services */
static size_t scanned_length;
static struct found found;

static uint32_t
draw(uint32_t most)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % most);
}

/* One of letters of so many bytes each. */
static void
add_letter(char *word, const char *letters, unsigned bytes)
{
	unsigned count = (unsigned)strlen(letters) / bytes;

	strncat(word, letters + draw(count) * bytes, bytes);
}

static void
make_words(void)
{
	static const char *const LETTERS[2][3] = { { "bcdfghklmnprstvw", "aeiou",
		                                       "lmnrst" },
		{ "бвгджзклмнпрстхч", "аеиоу", "лмнрст" } };

	for (unsigned i = 0; i < WORDS; i++)
		for (unsigned count = 2 + draw(3), part = 0; count-- > 0;)
			for (part = 0; part < 2 + draw(2); part++)
				add_letter(words[i], LETTERS[i % 2][part], 1 + i % 2);
}

static const char *
draw_word(void)
{
	double share = (double)draw(1u << 30) / (1u << 30);

	return words[(unsigned)(pow(WORDS, share) - 1)];
}

static struct text
draw_text(unsigned field, unsigned count)
{
	texts[field][0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		strcat(texts[field], draw_word());
		strcat(texts[field], " ");
	}
	return text_of(texts[field]);
}

static void
draw_service(unsigned number)
{
	static char id[16], agency[16], term[32];

	state = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
	facts_init(&facts);
	(void)snprintf(id, sizeof id, "s%u", number);
	(void)snprintf(agency, sizeof agency, "a%u", number % 5000);
	(void)snprintf(term, sizeof term, "t%u.u%u", number % 20, number % 300);
	facts.id = text_of(id);
	facts.agency = text_of(agency);
	facts.is_active = true;
	facts.name = draw_text(0, 4);
	facts.agency_name = draw_text(1, 3);
	facts.description = draw_text(2, DESCRIPTION_WORDS);
	facts.terms[facts.terms_count++] = text_of(term);
	facts.points[0].lat = 45 + draw(1000) / 200.0;
	facts.points[facts.points_count++].lon = 25 + draw(1000) / 100.0;
}

static void
note_for_scan(void)
{
	const struct text all[] = { facts.name, facts.agency_name, facts.description };

	for (unsigned i = 0; i < 3; i++)
		scanned_length +=
		    fold(all[i], scanned + scanned_length, FOLD_ROOM(all[i].length));
}

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* ---- questions ---- */

enum kind { WHOLE, TYPING, TWO, ERROR, NEAR, EMPTY, KINDS };
static const char *const KIND_NAMES[] = { "whole", "typing", "two", "error", "near",
	"all" };

static void
draw_question(enum kind kind, char *q, struct search *search)
{
	const char *word = draw_word();
	size_t length = strlen(word), cut;

	record_init(&record_search, search);
	search->most = 20;
	strcpy(q, kind == EMPTY ? "" : word);
	if (kind == TYPING) { /* some of its letters */
		cut = 1 + draw((uint32_t)length);
		while (((unsigned char)q[cut] & 0xc0) == 0x80)
			cut++;
		q[cut] = '\0';
	} else if (kind == TWO) {
		strcat(q, " ");
		strcat(q, draw_word());
	} else if (kind == ERROR &&
	           length > 6) /* Latin or Cyrillic, one letter replaced */
		memcpy(q + 2, (unsigned char)q[2] < 0x80 ? "zz" : "щ", 2);
	if (kind == NEAR || kind == EMPTY) {
		search->lat = 47;
		search->lon = 30;
	}
	search->q = text_of(q);
}

static void
measure(struct index *index, enum kind kind, unsigned count)
{
	double *took = malloc(count * sizeof *took);
	double worst_of = 0;
	char q[3 * WORD_BYTES], worst[3 * WORD_BYTES] = "";

	for (unsigned i = 0; i < count; i++) {
		struct search search;
		int64_t began;

		draw_question(kind, q, &search);
		began = bench_cpu_ns();
		search_run(index, NULL, &search, &found);
		took[i] = (double)(bench_cpu_ns() - began) / 1000;
		if (took[i] > worst_of) {
			worst_of = took[i];
			strcpy(worst, q);
		}
	}
	qsort(took, count, sizeof *took, compare);
	printf("\"%s\": {\"p50_us\": %.1f, \"p99_us\": %.1f, \"most_us\": %.1f}, ",
	    KIND_NAMES[kind], took[count / 2], took[count * 99 / 100], took[count - 1]);
	fprintf(stderr, "%s worst [%s] %.0f\n", KIND_NAMES[kind], worst, worst_of);
	free(took);
}

static double
scan_us(void)
{
	int64_t began = bench_cpu_ns();
	size_t found_count = 0;

	for (unsigned i = 0; i < SCANS; i++) {
		const char *word = draw_word(), *at = scanned;

		while ((at = memmem(at, scanned_length - (size_t)(at - scanned), word,
		            strlen(word))) != NULL) {
			at++;
			found_count++;
		}
	}
	fprintf(stderr, "scan found %zu\n", found_count);
	return (double)(bench_cpu_ns() - began) / 1000 / SCANS;
}

int
main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
	unsigned questions = argc > 2 ? (unsigned)atoi(argv[2]) : 2000;
	struct index *index = index_new();
	struct mallinfo2 before, after;
	double put_us = 0, most = 0;
	int64_t began;

	make_words();
	scanned = malloc((size_t)count * 50 * WORD_BYTES);
	before = mallinfo2();
	for (unsigned i = 0; i < count; i++) {
		draw_service(i);
		note_for_scan();
		began = bench_cpu_ns();
		if (index_put(index, &facts) != STATUS_OK)
			return EXIT_FAILURE;
		put_us += (double)(bench_cpu_ns() - began) / 1000;
	}
	after = mallinfo2();
	printf("{\"services\": %u, \"put_us\": %.1f, \"bytes\": %.0f, ", count,
	    put_us / count,
	    (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
	        count);
	for (enum kind kind = 0; kind < KINDS; kind++)
		measure(index, kind, questions);
	put_us = 0;
	for (unsigned i = 0; i < questions; i++) {
		double took;

		draw_service(i * (count / questions));
		state = i;
		facts.name = draw_text(0, 4);
		began = bench_cpu_ns();
		if (index_put(index, &facts) != STATUS_OK)
			return EXIT_FAILURE;
		took = (double)(bench_cpu_ns() - began) / 1000;
		put_us += took;
		most = took > most ? took : most;
	}
	printf("\"replace_us\": %.1f, \"replace_most_us\": %.1f, \"scan_us\": %.1f}\n",
	    put_us / questions, most, scan_us());
	index_free(index);
	free(scanned);
	return EXIT_SUCCESS;
}
