# SPDX-License-Identifier: Apache-2.0
"""One damage of each kind is planted: fsck finds it and nothing else, and so does the audit.

fsck is also let loose on a system in full motion: it accuses nobody, and Redis goes on meanwhile."""

import contextlib
import json
import os
import re
import sys
import tempfile
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import Books, audit, violations  # noqa: E402
from crowd import Families, People, accept_all  # noqa: E402
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402
from kept import put  # noqa: E402
from load import Load, intakes_for  # noqa: E402
from proxy import Proxy, Resp  # noqa: E402

SEED = 20261122
NOWHERE = "7zzzzzzzzzzzzzzzzzzzzzzzzz"


def fsck(net, *options):
    """(exit status, {item: [what]})"""
    done = net.ctl(*options, "fsck", "--json", check=False)
    found = {}
    for violation in json.loads(done.stdout)["violations"]:
        found.setdefault(violation["item"], []).append(violation["what"])
    return done.returncode, found


class Planted(unittest.TestCase):
    """Nothing moves by itself: clocks tick for hours and parked needs are looked at daily."""

    @classmethod
    def setUpClass(cls):
        cls.net = Network(settings={"limits.park_look": "1 d"})
        cls.addClassCleanup(cls.net.close)
        cls.net.start()
        cls.load = Load(cls.net, intakes_for(cls.net, 60, SEED), window=16).run()
        closed = next(iter(cls.load.accepted.values()))[0]
        cls.net.http("POST", f"/api/v1/cases/{closed}/withdraw", {}, headers={"Idempotency-Key": "close"})
        cls.redis = cls.net.redis
        wait_for(cls.nobody_waits_for_a_matcher, 20, "needs that waited for its places matched")
        cls.books = audit(cls.net, [cls.load])
        cls.case = next(c for c in cls.books.cases.values() if any(
            r["state"] in ("sent", "delivered") for r in c.referrals.values()))
        cls.item, cls.referral = next((i, r) for i, r in cls.case.referrals.items())
        cls.needs = [need for case in cls.books.cases.values() for need, it in case.needs.items()
                     if it["state"] == "parked"]

    @classmethod
    def nobody_waits_for_a_matcher(cls):
        key = f"{TAG}:match"
        return not cls.redis.zcount(key + ":delayed", 0, time.time() * 1000) and not any(
            cls.redis.zcard(f"{key}:{name}") for name in ("ready:emergency", "ready:urgent", "ready:normal", "leased"))

    @contextlib.contextmanager
    def kept(self, *keys):
        """The keys are afterwards what they were before; then all is well again."""
        was = {key: self.redis.dump(key) for key in keys}
        try:
            yield
        finally:
            for key, dump in was.items():
                self.redis.delete(key)
                if dump:
                    self.redis.restore(key, 0, dump)
        self.assertEqual(fsck(self.net), (0, {}))

    def finds(self, expected, seen_by_audit=True):
        """Exactly these: {item: [what, or the beginning of it]}."""
        status, found = fsck(self.net)
        self.assertEqual(status, 1)
        self.assertEqual(set(found), set(expected), found)
        for item, whats in expected.items():
            self.assertEqual(len(found[item]), len(whats), found)
            for said, what in zip(found[item], whats):
                self.assertTrue(said.startswith(what), (said, what))
        wrong = violations(Books(self.redis), self.load.acknowledged())
        self.assertEqual(bool(wrong), seen_by_audit, wrong)

    def key(self, *words):
        return ":".join((TAG, *words))

    def counts(self, stage, entered):
        """What conservation says of an entry too many or too few."""
        return {stage: [f"{self.books.count[stage + '.entered'] + entered} entered"]}

    def test_an_item_in_two_sets(self):
        with self.kept(self.key("clock", "dead")):
            self.redis.zadd(self.key("clock", "dead"), {self.item: 1})
            self.finds({self.item: ["clock: in 2 sets, should be in 1"], **self.counts("clock", 0)})

    def test_an_item_in_no_set(self):
        with self.kept(self.key("match", "delayed")):
            self.redis.zrem(self.key("match", "delayed"), self.needs[0])
            self.finds({self.needs[0]: ["match: in 0 sets, should be in 1"], **self.counts("match", 0)})

    def test_an_item_in_the_lane_of_another_urgency(self):
        lane = next(lane for lane in ("emergency", "normal") if lane != self.case.urgency)
        os.kill(self.net.pid("notifier.1"), 19)  # or it would be claimed
        self.addCleanup(os.kill, self.net.pid("notifier.1"), 18)
        with self.kept(self.key("clock", "delayed"), self.key("clock", "ready", lane)):
            self.redis.zrem(self.key("clock", "delayed"), self.item)
            self.redis.zadd(self.key("clock", "ready", lane), {self.item: 1})
            self.finds({self.item: ["clock: in 101 sets, should be in 1"]})

    def test_a_leaked_place(self):
        service = self.referral["service"]
        with self.kept(self.key("place", service)):
            held = self.redis.hincrby(self.key("place", service), "held", 1)
            self.finds({service: [f"{held} places held, {held - 1} accounted for"]})

    def test_a_place_that_two_offers_hold(self):
        service = self.referral["service"]
        with self.kept(self.key("place", service)):
            held = self.redis.hincrby(self.key("place", service), "held", -1)
            self.finds({service: [f"{held} places held, {held + 1} accounted for"]})

    def test_a_counter_that_is_off(self):
        for name, found in (("match.entered", {"match": [""]}), ("notify.left", {"notify": [""]}),
                            ("case.entered", {"cases": ["61 entered, 0 archived, 60 found", "61 entered, 1 left"]}),
                            ("case.archived", {"cases": ["60 entered, 1 archived, 60 found"],
                                               "archive": ["1 cases moved there, 0 there"]})):
            with self.subTest(name), self.kept(self.key("count")):
                self.redis.hincrby(self.key("count"), name, 1)
                self.finds(found)

    def test_a_broken_chain(self):
        with self.kept(self.key("case", self.case.id)):
            put(self.redis, self.case.id, "chain", "0" * 16)
            self.finds({self.case.id: ["hash chain broken"]})

    def test_a_line_that_the_journal_lost(self):
        lines = [line_id for line_id, line in self.books.lines if line["case"] == self.case.id]
        for lost in (lines[0], lines[1], lines[-1]):
            with self.subTest(lost), self.kept(self.key("journal")):
                self.redis.xdel(self.key("journal"), lost)
                self.finds({self.case.id: [f"the journal lacks its line {lost}"]})

    def test_a_line_that_was_changed(self):
        with self.kept(self.key("journal")):
            line_id, case = self.books.lines[-1][0], self.books.lines[-1][1]["case"]
            fields = self.redis.xrange(self.key("journal"), line_id, line_id)[0][1]
            everything = self.redis.xrange(self.key("journal"))
            self.redis.delete(self.key("journal"))
            pipe = self.redis.pipeline()
            for entry_id, entry in everything[:-1]:
                pipe.xadd(self.key("journal"), entry, id=entry_id)
            line = bytearray(fields[b"line"])
            line[-17] ^= 1  # the byte before the hash
            pipe.xadd(self.key("journal"), {b"line": bytes(line)}, id=line_id)
            pipe.execute()
            self.finds({case: ["hash chain broken"]})

    def test_a_case_missing_in_the_open_set(self):
        with self.kept(self.key("open")):
            self.redis.zrem(self.key("open"), self.case.id)
            self.finds({self.case.id: ["open set disagrees"], "cases": [""]})

    def test_an_entry_of_a_case_that_does_not_exist(self):
        for words, item, also in ((("match", "dead"), NOWHERE + "-1", "match"),
                                  (("notify", "delayed"), NOWHERE + "-1-1", "notify"),
                                  (("open",), NOWHERE, "cases")):
            with self.subTest(words), self.kept(self.key(*words)):
                self.redis.zadd(self.key(*words), {item: time.time() * 1000 + 10**9})
                self.finds({item: [f"in {':'.join(words)}, but there is no such"], also: [""]})

    def test_a_referral_among_the_needs(self):
        with self.kept(self.key("match", "dead")):
            self.redis.zadd(self.key("match", "dead"), {self.item: 1})
            self.finds({self.item: ["in match:dead, but there is no such need"], "match": [""]})

    def test_an_inbox_entry_of_a_referral_that_does_not_exist(self):
        inbox = self.key("inbox", self.referral["agency"])
        for item in (self.item.rsplit("-", 1)[0] + "-77", NOWHERE + "-1-1"):
            with self.subTest(item), self.kept(inbox):
                self.redis.zadd(inbox, {item: 1})
                self.finds({item: ["in inbox:" + self.referral["agency"]]})

    def test_an_index_entry_of_a_case_that_does_not_exist(self):
        for kind in ("phone", "where"):
            with self.subTest(kind), self.kept(self.key(kind, "100")):
                self.redis.zadd(self.key(kind, "100"), {NOWHERE: 100000000000001})
                self.finds({NOWHERE: [f"in {kind}:100, but there is no such case"]})

    def test_a_case_that_its_index_lacks(self):
        for kind in ("phone", "where"):
            with self.subTest(kind), self.kept(self.key("case", self.case.id)):
                put(self.redis, self.case.id, kind, "100")
                self.finds({self.case.id: [f"not in {kind}:100"]})

    def test_a_case_that_is_gone(self):
        """Nothing names a case that was closed but its journal lines."""
        case = next(c for c in self.books.cases.values() if c.open == 0)
        sets = [self.key(kind, digits) for kind, digits in case.found_by.items() if digits]
        with self.kept(self.key("case", case.id), *sets):
            self.redis.delete(self.key("case", case.id))
            for key in sets:
                self.redis.zrem(key, case.id)
            self.finds({"cases": ["60 entered, 0 archived, 59 found"]})

    def test_a_walk_that_names_cases_twice_is_no_violation(self):
        with tempfile.TemporaryDirectory(prefix="hl-") as tools:
            proxy = Twice(Resp, os.path.join(self.net.dir, "redis.sock"), os.path.join(tools, "redis.sock"))
            self.addCleanup(proxy.close)
            proxy.arm("SCAN", *["twice"] * 99)
            self.assertEqual(fsck(self.net, "--dir", tools), (0, {}))
            self.assertLess(len(proxy.disarm("SCAN")), 96)

    def test_a_case_without_needs(self):
        with self.kept(self.key("case", self.case.id)):
            put(self.redis, self.case.id, "needs", "0")
            self.assertIn("has no needs", fsck(self.net)[1][self.case.id])

    def test_a_stale_entry_of_who_waits_for_a_place_is_no_violation(self):
        waiting = self.key("waiting", self.referral["service"])
        with self.kept(waiting):
            self.redis.sadd(waiting, NOWHERE + "-1")
            self.assertEqual(fsck(self.net), (0, {}))


class Coming(Resp):
    """Runs what is wanted before and after a page of a walk is read."""

    def request(self, data, at):
        end, name = super().request(data, at)
        if end is not None and self.asked[-1] == "SCAN":
            self.between()
        return end, name

    def reply(self, data, at):
        end, name = super().reply(data, at)
        if name == "SCAN":
            self.between()
        return end, name


class Twice(Proxy):
    """Each page of a walk names everything twice, as Redis may."""

    def suffer(self, fault, message, source, sink, at):
        cursor, count, names = re.fullmatch(rb"(\*2\r\n\$\d+\r\n\d+\r\n\*)(\d+)\r\n(.*)", message, re.S).groups()
        sink.sendall(b"%b%d\r\n%b" % (cursor, 2 * int(count), 2 * names))
        return at + len(message)


class Live(unittest.TestCase):
    def test_cases_that_come_or_go_while_they_are_counted_are_not_missed(self):
        with Network() as net:
            def come():
                return net.submit(demo_intake()).json["case"]["id"]

            def over():
                lines = net.redis.fcall("hl_archive_read", 1, TAG, -60000, 1000)
                return [(line[1], line[4]) for line in lines if line[3] == b"over"]

            def go():
                net.redis.fcall("hl_archive_drop", 1, TAG, "0-0", *over()[0])

            for _ in range(20):
                net.http("POST", f"/api/v1/cases/{come()}/withdraw", {}, headers={"Idempotency-Key": str(uuid.uuid4())})
            wait_for(lambda: len(over()) == 20, 20, "the cases to be over")
            for between in (come, go):
                with self.subTest(between.__name__), tempfile.TemporaryDirectory(prefix="hl-") as tools:
                    protocol = type("", (Coming,), {"between": staticmethod(between)})
                    proxy = Proxy(protocol, os.path.join(net.dir, "redis.sock"), os.path.join(tools, "redis.sock"))
                    self.addCleanup(proxy.close)
                    self.assertNotIn("cases", fsck(net, "--dir", tools)[1])
                    self.assertGreater(proxy.seen["SCAN"], 2)

    def test_a_system_in_full_motion_is_not_accused_and_goes_on(self):
        settings = {"clocks.emergency_expire": "1 s", "clocks.urgent_expire": "2 s", "limits.park_look": "1 s"}
        with Network(settings=settings) as net:
            families = Families(net, SEED, rate=50)
            people = People(net, SEED, families)
            families.start()
            people.start()
            wait_for(lambda: len(families.load.accepted) > 100, 30, "the load under way")
            looks = 0
            began, before = time.monotonic(), len(families.load.accepted)
            while time.monotonic() - began < 5 or looks < 3:
                self.assertEqual(fsck(net), (0, {}))
                looks += 1
            self.assertGreater(len(families.load.accepted), before, "nothing was accepted meanwhile")
            place = f"{TAG}:place:no-such-service"
            net.redis.hset(place, "held", 2)
            self.assertEqual(fsck(net), (1, {"no-such-service": ["2 places held, 0 accounted for"]}))
            net.redis.delete(place)
            people.end()
            families.end()
            accept_all(net, families, people)
            slow = [e for e in net.redis.slowlog_get(128) if b"hl_check" in e["command"]]
            print(f"{looks} looks at up to {len(families.load.accepted)} cases; slowest accept "
                  f"{max(families.load.latency_ms):.0f} ms; slowest check "
                  f"{max([e['duration'] for e in slow], default=0) / 1000} ms", flush=True)
            audit(net, [families.load])


if __name__ == "__main__":
    unittest.main()
