/* SPDX-License-Identifier: Apache-2.0
 * The best that anybody could have done who knew every arrival, opening and answer: a flow of
 * least cost, by successive shortest paths.  A family draws on its site's openings up to its
 * deadline; an opening that is not used is there for later ones. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

/* In tenths of a kilometre: more than any chain of detours saves. */
#define COST_UNHELPED 1000000000
#define FAR INT64_MAX

struct arc {
	uint32_t to, back; /* the arc that goes back */
	int32_t room;
	int64_t cost;
};

struct graph {
	struct node {
		struct arc *arcs;
		uint32_t count, arcs_room;
		int64_t potential, distance;
		uint32_t from_node, from_arc;
		bool is_done;
		uint32_t heap_at; /* position from 1; 0: not there */
	} * nodes;
	uint32_t sink;
	uint32_t *heap, heap_count;
	uint32_t *met, met_count;
};

static void
add_arc(struct graph *graph, uint32_t from, uint32_t to, int32_t room, int64_t cost,
    uint32_t back)
{
	struct node *node = &graph->nodes[from];

	if (node->count == node->arcs_room) {
		node->arcs_room = node->arcs_room * 2 + 4;
		node->arcs = realloc(node->arcs, node->arcs_room * sizeof *node->arcs);
		if (node->arcs == NULL)
			abort();
	}
	node->arcs[node->count++] = (struct arc){ to, back, room, cost };
}

static void
join(struct graph *graph, uint32_t from, uint32_t to, int32_t room, int64_t cost)
{
	uint32_t there = graph->nodes[from].count, back = graph->nodes[to].count;

	add_arc(graph, from, to, room, cost, back);
	add_arc(graph, to, from, 0, -cost, there);
}

/* ---- a heap of nodes by distance ---- */

static void
heap_put(struct graph *graph, uint32_t at, uint32_t node)
{
	graph->heap[at] = node;
	graph->nodes[node].heap_at = at + 1;
}

static void
heap_rise(struct graph *graph, uint32_t node)
{
	uint32_t at = graph->nodes[node].heap_at;

	at = at == 0 ? graph->heap_count++ : at - 1;
	while (at > 0 && graph->nodes[graph->heap[(at - 1) / 2]].distance >
	                     graph->nodes[node].distance) {
		heap_put(graph, at, graph->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(graph, at, node);
}

static uint32_t
heap_pop(struct graph *graph)
{
	uint32_t first = graph->heap[0], last = graph->heap[--graph->heap_count];
	uint32_t at = 0, next;

	while ((next = 2 * at + 1) < graph->heap_count) {
		if (next + 1 < graph->heap_count &&
		    graph->nodes[graph->heap[next + 1]].distance <
		        graph->nodes[graph->heap[next]].distance)
			next++;
		if (graph->nodes[graph->heap[next]].distance >=
		    graph->nodes[last].distance)
			break;
		heap_put(graph, at, graph->heap[next]);
		at = next;
	}
	heap_put(graph, at, last);
	graph->nodes[first].heap_at = 0;
	return first;
}

/* ---- one more family ---- */

static void
reach(struct graph *graph, uint32_t from, uint32_t arc_number)
{
	const struct arc *arc = &graph->nodes[from].arcs[arc_number];
	struct node *to = &graph->nodes[arc->to];
	int64_t distance = graph->nodes[from].distance + arc->cost +
	                   graph->nodes[from].potential - to->potential;

	if (arc->room == 0 || to->is_done || distance >= to->distance)
		return;
	if (to->distance == FAR)
		graph->met[graph->met_count++] = arc->to;
	to->distance = distance;
	to->from_node = from;
	to->from_arc = arc_number;
	heap_rise(graph, arc->to);
}

/* Potentials of what lies nearer than the sink move, so that no arc costs less than nothing. */
static void
settle(struct graph *graph)
{
	int64_t most = graph->nodes[graph->sink].distance;

	for (uint32_t i = 0; i < graph->met_count; i++) {
		struct node *node = &graph->nodes[graph->met[i]];

		if (node->is_done)
			node->potential += node->distance - most;
		node->is_done = false;
		node->distance = FAR;
		node->heap_at = 0;
	}
	graph->met_count = graph->heap_count = 0;
}

static void
augment(struct graph *graph, uint32_t source)
{
	uint32_t at = source;

	graph->nodes[source].distance = 0;
	graph->met[graph->met_count++] = source;
	heap_rise(graph, source);
	while (at != graph->sink) {
		at = heap_pop(graph);
		graph->nodes[at].is_done = true;
		for (uint32_t i = 0; i < graph->nodes[at].count; i++)
			reach(graph, at, i);
	}
	for (; at != source; at = graph->nodes[at].from_node) {
		struct arc *arc = &graph->nodes[graph->nodes[at].from_node]
		                       .arcs[graph->nodes[at].from_arc];

		arc->room--;
		graph->nodes[at].arcs[arc->back].room++;
	}
	settle(graph);
}

/* ---- the world as a graph: families, then openings, then the sink ---- */

struct openings {
	uint32_t *node, *minute; /* by opening */
	uint32_t *first, *count; /* by site */
	uint32_t *site_of;       /* by node */
};

static bool
is_opening(const struct world *world, const struct event *event)
{
	return event->kind == HAPPENS_open &&
	       event->minute < world->sites[event->who].closes;
}

/* Openings of one site lie together, in time. */
static void
draw_openings(const struct world *world, struct graph *graph, struct openings *openings)
{
	uint32_t next = world->families_count;

	for (uint32_t site = 0; site < world->sites_count; site++) {
		openings->first[site] = next;
		for (uint32_t i = 0; i < world->events_count; i++) {
			const struct event *event = &world->events[i];

			if (event->who != site || !is_opening(world, event))
				continue;
			openings->minute[next] = (uint32_t)event->minute;
			openings->site_of[next] = site;
			join(graph, next, graph->sink, event->places, 0);
			if (next > openings->first[site])
				join(graph, next, next - 1, INT32_MAX / 2, 0);
			next++;
		}
		openings->count[site] = next - openings->first[site];
	}
}

/* To the last opening of each site that would take it, before it gives up. */
static void
draw_family(const struct world *world, struct graph *graph,
    const struct openings *openings, uint32_t number)
{
	const struct family *family = &world->families[number];

	join(graph, number, graph->sink, 1, COST_UNHELPED);
	for (uint32_t i = 0; i < family->fits_count; i++) {
		uint32_t site = family->fits[i], at = openings->count[site];
		const uint32_t *minute = openings->minute + openings->first[site];

		while (at > 0 && (int)minute[at - 1] > family->minute + family->patience)
			at--;
		if (at > 0 && world->sites[site].closes > family->minute &&
		    world_would_take(world, number, site) &&
		    world_would_answer(world, number, site))
			join(graph, number, openings->first[site] + at - 1, 1,
			    (int64_t)((double)family->km[i] * 10));
	}
}

static void
read_family(const struct world *world, const struct graph *graph,
    const struct openings *openings, uint32_t number, struct ledger *ledger)
{
	const struct family *family = &world->families[number];
	struct outcome *outcome = &ledger->outcomes[number];

	for (uint32_t i = 0; i < graph->nodes[number].count; i++) {
		const struct arc *arc = &graph->nodes[number].arcs[i];

		if (arc->room != 0 || arc->to == graph->sink)
			continue;
		outcome->is_helped = true;
		outcome->site = openings->site_of[arc->to];
		outcome->minute = family->minute;
		outcome->km = (double)arc->cost / 10;
		ledger->accepted[outcome->site]++;
		ledger->offers++;
	}
}

void
hindsight_play(const struct world *world, struct ledger *ledger)
{
	uint32_t most = world->families_count + world->events_count + 1;
	struct graph graph = { .nodes = table_new(most, sizeof *graph.nodes),
		.sink = most - 1,
		.heap = table_new(most, sizeof *graph.heap),
		.met = table_new(most, sizeof *graph.met) };
	struct openings openings = { .minute = table_new(most, sizeof *openings.minute),
		.first = table_new(world->sites_count, sizeof *openings.first),
		.count = table_new(world->sites_count, sizeof *openings.count),
		.site_of = table_new(most, sizeof *openings.site_of) };

	for (uint32_t i = 0; i < most; i++)
		graph.nodes[i].distance = FAR;
	draw_openings(world, &graph, &openings);
	for (uint32_t i = 0; i < world->families_count; i++) {
		draw_family(world, &graph, &openings, i);
		augment(&graph, i);
	}
	for (uint32_t i = 0; i < world->families_count; i++)
		read_family(world, &graph, &openings, i, ledger);
	for (uint32_t i = 0; i < most; i++)
		free(graph.nodes[i].arcs);
	free(graph.nodes);
	free(graph.heap);
	free(graph.met);
	free(openings.minute);
	free(openings.first);
	free(openings.count);
	free(openings.site_of);
}
