#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures: tests/bench/bench.py [--quick] [--cases N] [--json] [ROW...]

Every row compares within one run, what is compared taking turns on fresh state: ratio is ours
against the other, written so that more is better, the median of all pairs.  A row with a floor
holds when ratio >= floor; the others are for people.  Prints a table (--json: the rows alone) and
writes build/bench.json.  --quick measures fewer cases and pairs, --cases as many as are named and
once: whether it works, not how fast.  ROW picks the measurements whose
name holds the word, and writes nothing.  BENCH_OPEN=5000000 in the environment: throughput with so
many open cases, if there is memory for twice of what the row on memory says.  Exit status 1: a row
does not hold."""

import argparse
import concurrent.futures
import http.client
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
import urllib.parse
from random import Random

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stand import (BUILD, DEMO, FUNCTIONS, IDENTITY_BYTES, SERVICES, Recording, Stand, Templates,  # noqa: E402
                   import_directory, import_measured, measure)
import rival  # noqa: E402
from country import Country, Words, write_directory, write_named_directory  # noqa: E402
from harness import ROOT, Network, select_pause, wait_for  # noqa: E402
from load import san_mateo_path  # noqa: E402

IN_FLIGHT = 256
CONNECTIONS = 4  # redis.connections of deploy/hearthline.conf, for both sides
CORE = SERVICES[:3]

FEW_OPEN = 1000

IDLE_BUDGET_BYTES = 64_000_000
CASE_BUDGET_BYTES = 1536

FLOOR_ACCEPT = 0.9
FLOOR_ROUTES = 0.8
FLOOR_CORE = 0.7
FLOOR_RIVAL = 1.79  # 12,000 against 6,700 routes a second
FLOOR_LATENCY = 0.333
FLOOR_OPEN = 0.65
FLOOR_HANDOFF = 3
FLOOR_CASE = 1
FLOOR_IDLE = 1
FLOOR_EDIT = 1
EDIT_BUDGET_MS = 50
FLOOR_IMPORT = 0.5
FLOOR_MATCH = 100
FLOOR_GROWTH = 0.333
FLOOR_SEARCH = 20
FLOOR_SEARCH_HTTP = 1
SEARCH_BUDGET_MS = 5
SEARCHERS = 4  # connections


class Size:
    """How much is measured."""

    def __init__(self, quick, cases=None):
        self.set(quick)
        if cases is not None:
            self.cases = self.open_cases = self.latency_cases = self.handoff_cases = cases
            self.pairs = self.latency_pairs = self.handoff_pairs = self.imports = 1
            self.services = self.imported = self.matched = 2000
            self.edits = 5

    def set(self, quick):
        self.cases = 4000 if quick else 20000
        self.pairs = 3 if quick else 5
        self.services = 100_000
        self.handoff_cases = 60 if quick else 150
        self.handoff_pairs = 1 if quick else 2
        self.latency_cases = 500
        self.latency_pairs = 5 if quick else 9
        self.open = int(os.environ.get("BENCH_OPEN", 20000 if quick else 200000))
        self.open_cases = 2000 if quick else 4000
        self.syncs = 500  # before and after
        self.idle_seconds = 10
        self.idle_cpu_seconds = 10 if quick else 30
        self.imports = 3
        self.edits = 100 if quick else 1000
        self.matched = 1_000_000
        self.imported = int(os.environ.get("BENCH_SERVICES", 20_000 if quick else 1_000_000))


class Row:
    """One line of the table and of bench.json."""

    def __init__(self, name, value, unit, against, against_value=None, ratio=None, floor=None):
        self.name, self.value, self.unit, self.against = name, value, unit, against
        self.against_value, self.ratio, self.floor = against_value, ratio, floor

    def is_measured(self):
        return self.value is not None

    def holds(self):
        return self.floor is None or self.is_measured() and self.ratio >= self.floor

    def verdict(self):
        if not self.is_measured():
            return "NOT MEASURED"
        return "" if self.floor is None else "holds" if self.holds() else "MISSED"

    def as_json(self):
        def short(value):
            return value if value is None else float(f"{value:.4g}") if abs(value) < 1000 else round(value)
        return {"name": self.name, "value": short(self.value), "unit": self.unit,
                "against": self.against, "against_value": short(self.against_value),
                "ratio": short(self.ratio), "floor": self.floor}


class Bench:
    def __init__(self, size):
        self.size = size
        self.notes = []
        self.folder = tempfile.mkdtemp(prefix="hl-")
        self.templates = Templates()
        self.recording = Recording(self.templates, self.folder)
        self.note("recorded", self.recording.about())

    def close(self):
        self.templates.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def note(self, row, text):
        self.notes.append(f"{row}: {text}")

    # ---- one measurement each

    def bare(self, calls):
        """What the bare loop printed, with bytes and CPU time per case; `total`: of all its
        functions."""
        with Stand(self.templates.demo) as stand:
            before, cpu = stand.written_bytes(), stand.cpu_seconds()
            took = measure("bare", stand.socket, CONNECTIONS, IN_FLIGHT, self.size.cases, calls)
            took["cpu_us"] = self.cpu_us("bare loop", took, cpu, stand, self.size.cases)
            took["written"] = (stand.written_bytes() - before) / self.size.cases
            took["total"] = sum(took["seconds"].values())
            return took

    def submit(self, services, is_whole_route, look=None):
        """What the load client printed, with bytes and CPU time per case.  `look` may look at
        the stand before it goes."""
        with Stand(self.templates.demo, services) as stand:
            written = stand.written_bytes()
            took = self.load(stand, self.size.cases, is_whole_route)
            took["written"] = (stand.written_bytes() - written) / self.size.cases
            if look is not None:
                look(stand, took)
            return took

    def load(self, stand, cases, is_whole_route, intakes=None):
        """Submits so many cases that were not there yet; what the load client printed."""
        cpu, entered = stand.cpu_seconds(), stand.count("case.entered")
        took = measure("submit", stand.intake, intakes or self.recording.intakes_path, stand.next_submit, cases,
                       IN_FLIGHT, *([stand.socket] if is_whole_route else []))
        stand.assert_running()
        stand.next_submit += cases
        took["cpu_us"] = self.cpu_us("load client", took, cpu, stand, cases)
        entered = stand.count("case.entered") - entered
        assert entered == cases, f"{entered} cases, not {cases}"
        return took

    @staticmethod
    def cpu_us(client, took, before, stand, cases):
        """Per case, of each process and of the client, which says so itself."""
        now = stand.cpu_seconds()
        us = {name: (now[name] - before[name]) * 1e6 / cases for name in now}
        us[client] = took["cpu"] * 1e6 / cases
        return us

    def note_cpu(self, row, what, takes):
        self.note(row, f"CPU us per case, {what}: " + ", ".join(
            f"{n} {statistics.median(t['cpu_us'][n] for t in takes):.1f}" for n in takes[0]["cpu_us"]))

    def note_pairs(self, row, bare, ours):
        self.note(row, "pairs " + " ".join(f"{b['total'] / o['seconds']:.2f}" for b, o in zip(bare, ours)))

    # ---- rows

    def accept(self):
        bare, alone, whole = [], [], []
        for _ in range(self.size.pairs):
            bare.append(self.bare(self.recording.accepts_path))
            alone.append(self.submit(["intake"], False))
            whole.append(self.submit(CORE, False))
        name = f"durable accept, {IN_FLIGHT} in flight"
        self.note(name, "{:,.0f} B written to disk per case, {:,.0f} B by the bare loop".format(
            *(statistics.median(t["written"] for t in takes) for takes in (alone, bare))))
        self.note(name, "accept p50 {:.1f} ms, p99 {:.1f} ms".format(*(
            statistics.median(a[k] for a in alone) for k in ("accept_p50_ms", "accept_p99_ms"))))
        self.note_cpu(name, "ours", alone)
        self.note_cpu(name, "bare", bare)
        self.note_pairs(name, bare, alone)
        yield self.rate(name + " (Redis and intake alone)", alone, bare,
                        "a bare pipelined loop, the same calls", FLOOR_ACCEPT)
        yield self.rate(name + " (matcher and notifier at work)", whole, bare,
                        "a bare pipelined loop, accepts alone", None)

    def rate(self, name, ours, bare, against, floor, unit="cases/s"):
        """Cases per second of both."""
        cases = self.size.cases
        return Row(name, statistics.median(cases / t["seconds"] for t in ours), unit, against,
                   statistics.median(cases / b["total"] for b in bare),
                   statistics.median(b["total"] / t["seconds"] for b, t in zip(bare, ours)), floor)

    def routes(self):
        name = f"accept to delivered, {IN_FLIGHT} in flight"
        bare, ours = [], []
        for _ in range(self.size.pairs):
            bare.append(self.bare(self.recording.routes_path))
            ours.append(self.submit(CORE, True, self.look_at_calls))
        self.note(name, "bare calls, us per case: " + ", ".join(
            f"{f[3:]} {statistics.median(b['seconds'][f] for b in bare) * 1e6 / self.size.cases:.1f}"
            for f in bare[0]["seconds"]))
        self.note_cpu(name, "ours", ours)
        self.note_cpu(name, "bare", bare)
        self.note(name, f"function calls per case {ours[0]['calls']:.2f}, bare {len(FUNCTIONS)}")
        self.note_pairs(name, bare, ours)
        yield self.rate(name, ours, bare,
                        "accept and offer in the bare loop, one after the other", FLOOR_ROUTES)
        yield from self.ceiling(ours)

    def ceiling(self, ours):
        """Redis has one core: what its time for a route leaves room for, and how much of it comes out."""
        name = f"routes end to end, {len(os.sched_getaffinity(0))} cores, {IN_FLIGHT} in flight"
        rate = statistics.median(self.size.cases / t["seconds"] for t in ours)
        most = statistics.median(1e6 / t["cpu_us"]["redis"] for t in ours)
        share = statistics.median(self.size.cases / t["seconds"] * t["cpu_us"]["redis"] / 1e6 for t in ours)
        yield Row(name, rate, "routes/s", "what one core gives Redis for", most, share, FLOOR_CORE)

    def look_at_calls(self, stand, took):
        """Once all is delivered: what Redis was called."""
        offered, to_tell = stand.count("clock.entered"), stand.count("notify.entered")
        assert (offered, to_tell) == (self.size.cases, 0), f"{offered} of {self.size.cases} offered, {to_tell} to be told"
        took["calls"] = stand.redis.info("commandstats")["cmdstat_fcall"]["calls"] / self.size.cases

    def memory(self):
        name = "bytes per open case"
        with Stand(self.templates.demo) as stand:
            used = stand.fill(self.recording.routes_path, self.size.cases)
            case, keys = stand.memory_of("case:*", 500)
            parts = {part: sum(stand.memory_of(p)[0] for p in patterns) / self.size.cases for part, patterns in {
                "journal": ["journal"],
                "queues": ["open", "*:ready:*", "*:leased", "*:delayed"],
                "inboxes": ["inbox:*"],
                "phone and place index": ["phone:*", "where:*"]}.items()}
        parts["case hash"] = case / keys
        rest = used - sum(parts.values())
        self.note(name, ", ".join(f"{part} {size:,.0f} B" for part, size in parts.items())
                  + f", rest (key space, rounding) {rest:,.0f} B")
        yield Row(name + ", offered and told", used, "B", "1.5 kB", CASE_BUDGET_BYTES,
                  CASE_BUDGET_BYTES / used, FLOOR_CASE)
        for part, size in parts.items():
            yield Row(f"{name}: {part}", size, "B", "all of it", used)

    def latency(self):
        with Stand(self.templates.demo, CORE) as stand:
            written = stand.written_bytes()
            most = self.load(stand, self.size.open_cases, True)
            step = int((stand.written_bytes() - written) / self.size.open_cases / len(FUNCTIONS))
        rate = max(1, round(self.size.open_cases / most["seconds"] / 10))
        name = "accept to delivered at 10% load"
        ours, syncs = [], []
        for _ in range(self.size.latency_pairs):
            synced = synced_ms(step, self.size.syncs, rate * len(FUNCTIONS))
            with Stand(self.templates.demo, CORE) as stand:
                ours.append(measure("latency", stand.intake, self.recording.intakes_path,
                                    self.size.latency_cases, rate, stand.socket))
            syncs.append(synced + synced_ms(step, self.size.syncs, rate * len(FUNCTIONS)))
        self.note(name, f"{rate}/s; p50 {statistics.median(o['p50_ms'] for o in ours):.2f} ms; "
                  f"{step} B to disk in each step, p50 {statistics.median(quantile(s, .5) for s in syncs):.2f} ms")
        steps = [len(FUNCTIONS) * quantile(s, .99) for s in syncs]
        yield Row(name + ", p99", statistics.median(o["p99_ms"] for o in ours), "ms",
                  f"{len(FUNCTIONS)} times fdatasync, p99", statistics.median(steps),
                  statistics.median(s / o["p99_ms"] for s, o in zip(steps, ours)), FLOOR_LATENCY)

    def rival(self):
        name = f"routes with {self.size.services:,} services, {IN_FLIGHT} in flight"
        against = "PostgreSQL and PostGIS, C client, one process"
        why = rival.why_not()
        if why:
            self.note(name, f"not measured: {why}")
            yield Row(name, None, "routes/s", against, floor=FLOOR_RIVAL)
            return
        country = Country(self.folder, self.size.services, IDENTITY_BYTES)
        template = self.templates.country(country.directory)
        ours, other = [], []
        with rival.Rival(self.folder) as postgres:
            postgres.load(country.services)
            way, rates = postgres.best(country.families, self.size.cases // 2, IN_FLIGHT)
            for _ in range(self.size.pairs):
                other.append(postgres.measure(country.families, self.size.cases, IN_FLIGHT, *way))
                postgres.settle()
                with Stand(template, CORE) as stand:
                    ours.append(self.load(stand, self.size.cases, True, country.intakes))
                    offered = stand.count("clock.entered")
                    assert offered == self.size.cases, f"{offered} of {self.size.cases} offered"
        self.note(name, "PostgreSQL, routes/s by acceptors, offerers, most in a transaction: " + ", ".join(
            f"{'/'.join(map(str, w))} {rate:,.0f}" for w, rate in rates.items()))
        self.note_cpu(name, "ours", ours)
        self.note_cpu(name, "PostgreSQL", other)
        for take in other:
            take["total"] = take["seconds"]
        self.note_pairs(name, other, ours)
        yield self.rate(name, ours, other, against, FLOOR_RIVAL, "routes/s")

    def open(self):
        name = f"accept to delivered, from {FEW_OPEN:,} to {self.size.open:,} open cases"
        few, many = [], []
        with Stand(self.templates.demo) as full:
            used = full.fill(self.recording.routes_path, self.size.open)
            full.join(CORE)
            for _ in range(self.size.pairs):
                with Stand(self.templates.demo) as stand:
                    stand.fill(self.recording.routes_path, FEW_OPEN)
                    stand.join(CORE)
                    few.append(self.load(stand, self.size.open_cases, True))
                many.append(self.load(full, self.size.open_cases, True))
        self.note(name, f"{used:,.0f} B of Redis for each of {self.size.open:,}")
        self.note_cpu(name, "few", few)
        self.note_cpu(name, "many", many)
        rates = [[self.size.open_cases / t["seconds"] for t in takes] for takes in (many, few)]
        yield Row(name, statistics.median(rates[0]), "cases/s", f"{FEW_OPEN:,} open cases",
                  statistics.median(rates[1]), statistics.median(m / f for m, f in zip(*rates)), FLOOR_OPEN)

    def handoff(self):
        name = "accept to delivered at 20/s, hand-off"
        takes = {"yes": [], "no": []}
        for _ in range(self.size.handoff_pairs):
            for answer, list_of in takes.items():
                settings = {"intake.handoff": answer, "matcher.handoff": answer}
                with Stand(self.templates.demo, CORE, settings) as stand:
                    list_of.append(measure("latency", stand.intake, self.recording.intakes_path,
                                           self.size.handoff_cases, 20, stand.socket))
        self.note(name, "p99 {:.1f} ms, claim only {:.1f} ms".format(
            *(statistics.median(t["p99_ms"] for t in takes[a]) for a in takes)))
        p50 = {a: [t["p50_ms"] for t in takes[a]] for a in takes}
        yield Row(name + ", p50", statistics.median(p50["yes"]), "ms", "claims every 250 ms alone, p50",
                  statistics.median(p50["no"]),
                  statistics.median(n / y for y, n in zip(p50["yes"], p50["no"])), FLOOR_HANDOFF)

    def idle(self):
        with Stand(self.templates.demo, SERVICES) as stand:
            stand.watch(self.size.idle_seconds)
            memory, shared = stand.resident_bytes("Rss"), stand.resident_bytes("Pss")
            before, began = stand.cpu_seconds(), time.monotonic()
            stand.watch(self.size.idle_cpu_seconds)
            minutes = (time.monotonic() - began) / 60
            now = stand.cpu_seconds()
        cpu = {name: (now[name] - before[name]) / minutes for name in now}
        total = sum(memory.values())
        self.note("idle services", "Rss (and Pss) in MB: " + ", ".join(
            f"{n} {b / 1e6:.1f} ({shared[n] / 1e6:.1f})" for n, b in memory.items()))
        self.note("idle services", "CPU seconds per minute: " + ", ".join(
            f"{n} {s:.3f}" for n, s in cpu.items()))
        yield Row("memory of the four idle services, sum of Rss", total / 1e6, "MB", "64 MB",
                  IDLE_BUDGET_BYTES / 1e6, IDLE_BUDGET_BYTES / total, FLOOR_IDLE)
        yield Row("CPU of the four idle services", sum(cpu[n] for n in SERVICES), "s/min", "Redis",
                  cpu["redis"])

    def edits(self):
        """From the acknowledgement of an edit until who searches finds the service by it."""
        def find(words):
            return net.http("GET", f"/api/v1/services?q={words}").json["services"]
        took = []
        with Network() as net:
            service = net.http("GET", "/api/v1/services").json["services"][0]["id"]
            for number in range(self.size.edits):
                done = net.http("PATCH", f"/api/v1/services/{service}", {"name": f"service{number}x"}, "coordinator",
                                {"If-Match": f'"{number}"'})
                began = time.monotonic()
                while done.status == 200 and not [s for s in find(f"service{number}x") if s["id"] == service]:
                    if time.monotonic() - began > 10:
                        raise RuntimeError("an edit was not seen within 10 s")
                took.append((time.monotonic() - began) * 1000)
        took.sort()
        self.note("an edit", f"p50 {quantile(took, 0.5):.1f} ms, with the search that finds it")
        p99 = quantile(took, 0.99)
        yield Row("an edit until it is found, p99", p99, "ms", f"{EDIT_BUDGET_MS} ms", EDIT_BUDGET_MS,
                  EDIT_BUDGET_MS / p99, FLOOR_EDIT)

    def searches(self):
        """In the matcher alone: what a search takes of its one thread, other questions wait."""
        took = measure("search", self.size.services, min(self.size.cases, 4000))
        kinds = {name: kind for name, kind in took.items() if isinstance(kind, dict)}
        worst = max(kinds, key=lambda name: kinds[name]["p99_us"])
        self.note("searches", "CPU us, p50 and p99: " + ", ".join(
            f"{name} {kind['p50_us']:.0f} {kind['p99_us']:.0f}" for name, kind in kinds.items()) +
            f"; a service is read in {took['put_us']:.0f}, changed in {took['replace_us']:.0f}")
        p99 = kinds[worst]["p99_us"]
        yield Row(f"search of {self.size.services:,} services, p99 of the worst kind ({worst})", p99 / 1000, "ms",
                  "a plain scan of their folded texts", took["scan_us"] / 1000, took["scan_us"] / p99, FLOOR_SEARCH)
        yield from self.searches_http()

    def searches_http(self):
        """From the question of one of several clients to its answer, each asking again at once."""
        words, path = Words(30_000), os.path.join(self.folder, "named.ndjson")
        write_named_directory(path, self.size.services, words)
        with Network(demo=False) as net:
            net.ctl("import", "--source", "bench", path)
            wait_for(lambda: net.http("GET", "/api/v1/services?limit=1").json["total"] == self.size.services, 120)
            each = max(1, min(self.size.cases, 4000) // SEARCHERS)
            before = cpu_seconds(net, ("gateway.1", "matcher.1"))
            with concurrent.futures.ThreadPoolExecutor(SEARCHERS) as pool:
                took = sorted(ms for one in pool.map(lambda n: ask_ms(net, words, Random(n), each), range(SEARCHERS))
                              for ms in one)
            cpu = [(now - then) * 1e6 / len(took)
                   for now, then in zip(cpu_seconds(net, ("gateway.1", "matcher.1")), before)]
        name = f"search of {self.size.services:,} services through HTTP, {SEARCHERS} connections"
        self.note(name, f"p50 {quantile(took, 0.5):.2f} ms, {len(took)} questions; CPU us each: "
                  "gateway {:.0f}, matcher {:.0f}".format(*cpu))
        p99 = quantile(took, 0.99)
        yield Row(name + ", p99", p99, "ms", f"{SEARCH_BUDGET_MS} ms", SEARCH_BUDGET_MS, SEARCH_BUDGET_MS / p99,
                  FLOOR_SEARCH_HTTP)

    def match(self):
        """In one process; the program dies where a match and the scan differ."""
        took = measure("match", self.size.matched)
        name = f"a match among {self.size.matched:,} services"
        self.note(name, "p99 {p99_us:.1f} us; among 1,000 p50 {few_p50_us:.1f}, p99 {few_p99_us:.1f} us; a service takes "
                  "{bytes:.0f} B with its words, {put_us:.1f} us to put and {replace_us:.1f} us to replace".format(**took))
        yield Row(name + ", p50", took["p50_us"], "us", "a vectorised scan of all of them",
                  took["scan_us"], took["scan_us"] / took["p50_us"], FLOOR_MATCH)
        yield Row(name + ", p50, growth", took["p50_us"], "us", "among 1,000", took["few_p50_us"],
                  took["few_p50_us"] / took["p50_us"], FLOOR_GROWTH)

    def imports(self):
        yield self.import_row("demo directory", os.path.join(DEMO, "directory.json"))
        if os.path.exists(san_mateo_path()):
            yield self.import_row("San Mateo", san_mateo_path(), "--map",
                                  os.path.join(ROOT, "deploy", "maps", "sanmateo.json"))

        yield from self.import_country()

    def import_country(self):
        path = os.path.join(self.folder, "services.ndjson")
        write_directory(path, self.size.imported)
        parsed, ours, peaks = [], [], []
        for _ in range(self.size.imports):
            parsed.append(measure("parse", path)["seconds"])
            with Stand(self.templates.empty) as stand:
                said, took, peak = import_measured(stand, path, "--source", "bench")
                assert said["added"] == self.size.imported, said
                ours.append(took)
                peaks.append(peak)
        name = f"import of {self.size.imported:,} services"
        self.note(name, "{:,.0f} B each; pairs {}".format(
            os.path.getsize(path) / self.size.imported,
            " ".join(f"{p / o:.2f}" for p, o in zip(parsed, ours))))
        os.unlink(path)
        rates = [[self.size.imported / took for took in takes] for takes in (ours, parsed)]
        yield Row(name, statistics.median(rates[0]), "services/s", "jansson merely parsing them",
                  statistics.median(rates[1]), statistics.median(p / o for p, o in zip(parsed, ours)), FLOOR_IMPORT)
        yield Row(f"{name}, peak memory", max(peaks) / 1e6, "MB", "")

    def import_row(self, name, path, *options):
        parsed, ours = [], []
        for _ in range(self.size.imports):
            parsed.append(measure("parse", path)["seconds"])
            with Stand(self.templates.empty) as stand:
                began = time.monotonic()
                said = import_directory(stand, path, "--source", "bench", *options)
                ours.append(time.monotonic() - began)
        return Row(f"import, {name} ({said['added']} services)", statistics.median(ours) * 1000, "ms",
                   "jansson merely parsing it", statistics.median(parsed) * 1000,
                   statistics.median(p / o for p, o in zip(parsed, ours)))


MEASUREMENTS = {"accept": Bench.accept, "routes": Bench.routes, "memory": Bench.memory, "latency": Bench.latency,
                "rival": Bench.rival, "open": Bench.open, "handoff": Bench.handoff, "idle": Bench.idle,
                "edits": Bench.edits, "match": Bench.match, "search": Bench.searches, "import": Bench.imports}


def cpu_seconds(net, names):
    """Spent so far by these services."""
    def of(name):
        with open(f"/proc/{net.pid(name)}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return [of(name) for name in names]


def ask_ms(net, words, random, count):
    """What each of so many searches took, over one connection."""
    took, token = [], net.tokens["operator"]["token"]
    connection = http.client.HTTPConnection(net.endpoints["http"].removeprefix("http://"), timeout=30)
    for _ in range(count):
        path = "/api/v1/services?q=" + urllib.parse.quote(words.question(random))
        began = time.monotonic()
        connection.request("GET", path, headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        answer.read()
        took.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    connection.close()
    return took


def synced_ms(length, count, per_second=None):
    """What appending so many bytes and having them on disk takes, each time: at once one after the
    other, or as irregularly as tests/bench/latency.c does it."""
    took, random = [], Random(1)
    with tempfile.TemporaryFile() as file:
        for _ in range(count):
            if per_second:
                select_pause(random.expovariate(per_second))
            began = time.monotonic()
            os.write(file.fileno(), bytes(length))
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - began) * 1000)
    return took


def quantile(values, share):
    return sorted(values)[int((len(values) - 1) * share)]


def machine():
    synced = synced_ms(65536, 100)
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    return (f"{len(os.sched_getaffinity(0))} cores, {model}, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f}; state in {tempfile.gettempdir()}, "
            f"fdatasync of 64 kB {quantile(synced, .5):.2g} to {quantile(synced, .99):.2g} ms")


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows):
    lines = [("", "ours", "other", "unit", "ratio", "floor", "", "against")]
    lines += [(r.name, number(r.value), number(r.against_value), r.unit,
               "" if r.ratio is None else f"{r.ratio:.2f}",
               "" if r.floor is None else f"{r.floor:g}",
               r.verdict(), r.against) for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(8)]
    right = (1, 2, 4, 5)
    return "\n".join("  ".join(cell.rjust(w) if i in right else cell.ljust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)


def run(arguments):
    bench = Bench(Size(arguments.quick, arguments.cases))
    rows = []
    try:
        for name, measurement in MEASUREMENTS.items():
            if arguments.row and not any(word in name for word in arguments.row):
                continue
            for row in measurement(bench):
                rows.append(row)
                print(f"  {row.name}: {number(row.value)} {row.unit}", file=sys.stderr, flush=True)
    finally:
        bench.close()
    return rows, bench.notes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer cases and pairs")
    parser.add_argument("--cases", type=int, help="so many in each measurement, and one pair")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("row", nargs="*", help="one of " + ", ".join(MEASUREMENTS))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    about = machine()
    rows, notes = run(arguments)
    text = json.dumps([row.as_json() for row in rows], indent=1, ensure_ascii=False)
    if not arguments.row:
        with open(os.path.join(BUILD, "bench.json"), "w") as file:
            file.write(text + "\n")
    if arguments.json:
        print(text)
    else:
        print(about + "\n")
        print(table(rows))
        print("\n" + "\n".join(notes))
    for row in rows:
        if not row.is_measured():
            print(f"NOT MEASURED {row.name}", file=sys.stderr)
    missed = [f"{row.name}: {row.ratio:.2f}, not {row.floor:.3g}" for row in rows
              if row.is_measured() and not row.holds()]
    for line in missed:
        print("MISSED " + line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
