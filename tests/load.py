# SPDX-License-Identifier: Apache-2.0
"""Submits many intakes over ZeroMQ with a window, and repeats what was not answered."""

import collections
import json
import os
import random
import time
import uuid

import msgpack
import zmq

from audit import read_cases
from harness import DATA, TAG, wait_for

REPEAT_AFTER_S = 2.0


def terms_in_use(redis, most=200):
    """Need terms of the directory with how many services offer each, commonest first."""
    counts = collections.Counter()
    for source, version in redis.hgetall(f"{TAG}:directory").items():
        key = f"{TAG}:service:{source.decode()}:{version.decode()}"
        for document in redis.hvals(key):
            for attribute in json.loads(document).get("attributes", []):
                term = attribute.get("taxonomy_term") or {}
                if term.get("taxonomy") != "hearthline-facts" and (term.get("code") or term.get("name")):
                    counts[term.get("code") or term["name"]] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def random_intake(rng, terms, near=None):
    """A family with one to three needs, weighted by how common the terms are."""
    names, weights = zip(*terms)
    members = [{"role": "parent", "age": rng.randint(20, 60)}] + [
        {"role": "child", "age": rng.randint(0, 17)} for _ in range(rng.randint(0, 3))]
    chosen = list(dict.fromkeys(rng.choices(names, weights, k=rng.randint(1, 3))))
    lat, lon = near or (48.92, 24.71)
    return {
        "urgency": rng.choices(["emergency", "urgent", "normal"], [1, 3, 6])[0],
        "place": {"lat": lat + rng.uniform(-0.3, 0.3), "lon": lon + rng.uniform(-0.3, 0.3)},
        "household": {"type": rng.choice(["couple", "single_mother", "kinship", "foster"]),
                      "languages": rng.sample(["uk", "ru", "en", "es"], 2), "members": members},
        "needs": [{"term": term, "for": [rng.randrange(len(members))]} for term in chosen],
        "contact": {"name": f"Family {rng.randrange(10**6)}", "phone": f"+38034255{rng.randrange(10**4):04d}"},
        "consent": {"version": "1", "purposes": ["referral"], "recipients": ["any"],
                    "until": "2099-12-31"},
    }


class Load:
    """Keeps `window` submits in flight until all are answered accepted."""

    def __init__(self, net, intakes, window=256, prefix=None, repeat_after_s=REPEAT_AFTER_S):
        self.net, self.window, self.repeat_after_s = net, window, repeat_after_s
        self.prefix = prefix or uuid.uuid4().hex
        self.todo = collections.deque(range(len(intakes)))
        self.intakes = intakes
        self.flying = {}
        self.accepted = {}
        self.again = 0
        self.refused = collections.Counter()
        self.latency_ms = []

    def key(self, number):
        return f"{self.prefix}-{number}"

    def send(self, socket, number):
        self.flying[number] = time.monotonic()
        socket.send(msgpack.packb({"v": 1, "kind": "submit", "id": str(number), "key": self.key(number),
                                   "by": "load", "role": "operator", "intake": self.intakes[number]}))

    def take(self, reply):
        number = int(reply["id"])
        began = self.flying.pop(number, None)
        if began is None:
            return
        if reply["kind"] == "accepted":
            self.again += reply["again"]
            self.latency_ms.append((time.monotonic() - began) * 1000)
            self.accepted[number] = (reply["case_id"], len(reply["needs"]))
        else:
            self.refused[reply.get("status", reply["kind"])] += 1
            if reply.get("status") not in ("busy", "draining", "unavailable"):
                raise AssertionError(f"refused: {reply}")
            self.todo.append(number)

    def is_busy(self):
        return bool(self.todo or self.flying)

    def pump(self, socket, wait_ms=50):
        """Sends what there is room for, waits for answers, and repeats what was not answered."""
        while self.todo and len(self.flying) < self.window:
            self.send(socket, self.todo.popleft())
        if socket.poll(wait_ms):
            while socket.poll(0):
                self.take(msgpack.unpackb(socket.recv(zmq.NOBLOCK)))
        now = time.monotonic()
        for number in [n for n, at in self.flying.items() if now - at > self.repeat_after_s]:
            self.send(socket, number)

    def run(self, at=None, seconds=300):
        """`at`: {share of answers: call}, e.g. {0.5: lambda: net.kill("redis")}."""
        socket = self.net.socket()
        events = sorted((at or {}).items())
        deadline = time.monotonic() + seconds
        while len(self.accepted) < len(self.intakes):
            assert time.monotonic() < deadline, \
                f"{len(self.accepted)} of {len(self.intakes)} after {seconds} s; {self.refused}"
            self.pump(socket)
            while events and len(self.accepted) >= events[0][0] * len(self.intakes):
                events.pop(0)[1]()
        socket.close()
        return self

    def states(self):
        """How many needs are in which state, once none is on its way."""
        def look():
            states = collections.Counter()
            cases = read_cases(self.net.redis, (case_id for case_id, _ in self.accepted.values()))
            for case_id, needs in self.accepted.values():
                there = cases[case_id].needs if case_id in cases else {}
                states.update((need["state"], need["reason"]) for need in there.values())
                if len(there) != needs:
                    states["missing", None] += needs
            return None if any(s in ("received", "matching") for s, _ in states) else states
        return wait_for(look, 120, "every need offered or parked")

    def acknowledged(self):
        """Key -> case id."""
        return {self.key(number): case_id for number, (case_id, _) in self.accepted.items()}

    def told(self, seconds=120):
        """Waits until no telling waits any more."""
        def none_left():
            return not any(self.net.redis.zcard(f"{TAG}:notify:{s}") for s in (
                "ready:emergency", "ready:urgent", "ready:normal", "leased", "delayed"))
        wait_for(none_left, seconds, "every agency told")


def intakes_for(net, count, seed, near=None):
    rng = random.Random(seed)
    terms = terms_in_use(net.redis)
    return [random_intake(rng, terms, near) for _ in range(count)]


def san_mateo_path():
    return os.path.join(DATA, "ohana-smc-sanmateo", "locations.ndjson")
