# SPDX-License-Identifier: Apache-2.0
"""Closed cases and old journal lines leave Redis, and nobody who asks for them notices."""

import hashlib
import json
import os
import sqlite3
import sys
import unittest
import urllib.request
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402

PHONE = "+380 342 55-01-66"


def family(phone=PHONE, **changes):
    intake = demo_intake("single-father")
    intake["contact"]["phone"] = phone
    return dict(intake, **changes)


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(settings={"archive.keep": "1 ms", "archive.every": "20 ms"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    # ---- what the tests do

    def in_redis(self, case_id):
        return self.net.redis.exists(f"{TAG}:case:{case_id}") == 1

    def archived(self, case_id):
        wait_for(lambda: not self.in_redis(case_id), 20, f"{case_id} to leave Redis")
        return self.net.case(case_id)

    def database(self):
        return sqlite3.connect(os.path.join(self.net.dir, "archive.db"), timeout=10)

    def new_case(self, **kwargs):
        return self.net.settled(self.net.submit(family(**kwargs)).json["case"]["id"])

    def close(self, case_id, key=None, reason="withdrawn"):
        return self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {"reason": reason},
                             headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def accepted_by_agency(self, case):
        """The agency of the tokens gets the case's first referral, and accepts it."""
        referral = case["referrals"][0]
        answer = self.net.answer(referral["id"], "accept", referral["version"])
        self.assertEqual(answer.status, 200, answer.body)
        return referral

    def ids(self, query, role="operator"):
        found, offset = [], 0
        while offset is not None:
            page = self.net.http("GET", f"/api/v1/cases?{query}&offset={offset}", role=role).json
            found += [c["id"] for c in page["cases"]]
            offset = page.get("next")
        return found

    def counters(self):
        return {k.decode(): int(v) for k, v in self.net.redis.hgetall(f"{TAG}:count").items()
                if k.startswith(b"case.")}

    # ---- what must hold

    def test_an_archived_case_is_read_as_before_by_who_may(self):
        case = self.new_case()
        referral = self.accepted_by_agency(case)
        open_case = self.net.case(case["id"])
        self.assertNotIn("archived", open_case)
        self.close(case["id"])
        self.net.answer(referral["id"], "confirm_cancel", self.net.case(case["id"])["referrals"][0]["version"])
        after = self.archived(case["id"])
        self.assertTrue(after["archived"])
        self.assertFalse(after["open"])
        for name in ("id", "urgency", "accepted_at", "place", "household", "contact", "consent"):
            self.assertEqual(after[name], open_case[name], name)
        self.assertEqual([r["why"] for r in after["referrals"]], [r["why"] for r in open_case["referrals"]])
        self.assertEqual({n["state"] for n in after["needs"]}, {"withdrawn"})
        self.assertEqual(after["timeline"][:len(open_case["timeline"])], open_case["timeline"])
        actions = [t["action"] for t in after["timeline"]]
        self.assertEqual(actions[0], "accept")
        self.assertIn("confirm_cancel", actions)
        for role in ("operations", "auditor"):
            self.assertNotIn("contact", self.net.case(case["id"], role=role))
        shown = json.loads(self.net.ctl("show", case["id"], "--json").stdout)["case"]
        self.assertEqual(shown["timeline"], after["timeline"])
        self.assertIn("archived", self.net.ctl("show", case["id"]).stdout.splitlines()[0])
        seed = after["referrals"][0]["why"]["seed"]
        self.assertIn(f"seed {seed}\n", self.net.ctl("explain", after["referrals"][0]["id"]).stdout)

    def test_archived_cases_are_found_beside_open_ones(self):
        phone = "+380 342 55-02-77"
        old, now = self.new_case(phone=phone), self.new_case(phone=phone)
        agency = old["referrals"][0]["agency"] if old["referrals"] else None
        self.close(old["id"])
        self.archived(old["id"])
        both = [now["id"], old["id"]]
        self.assertEqual(self.ids("phone=%2B380342550277"), both)
        place = self.ids("place=" + family()["place"]["code"])
        self.assertEqual([i for i in place if i in both], both)
        everything = self.ids("")
        self.assertEqual(len(everything), len(set(everything)))
        self.assertEqual([i for i in everything if i in both], both)
        self.assertIn(old["id"], self.ids("state=withdrawn"))
        self.assertNotIn(now["id"], self.ids("state=withdrawn"))
        if agency:
            self.assertIn(old["id"], self.ids("agency=" + agency))
            self.assertIn(old["id"], self.ids(f"agency={agency}&state=withdrawn"))
            self.assertNotIn(old["id"], self.ids(f"agency={agency}&state=met"))
        self.assertNotIn(old["id"], self.ids("agency=nobody"))
        for arguments in (["--phone", phone], ["--place", family()["place"]["code"]], ["--state", "withdrawn"], []):
            listed = json.loads(self.net.ctl("cases", "--json", "--limit", "1000", *arguments).stdout)["cases"]
            self.assertIn(old["id"], [c["id"] for c in listed], arguments)
        for kind in ("phone", "where"):
            for key in self.net.redis.scan_iter(match=f"{TAG}:{kind}:*", count=1000):
                self.assertIsNone(self.net.redis.zscore(key, old["id"]), "the index forgets it")

    def test_lists_go_on_from_open_to_archived_cases_page_by_page(self):
        phones = [f"+380 342 55-03-{i:02}" for i in range(60)]
        cases = [self.net.submit(family(phone=p)).json["case"]["id"] for p in phones]
        for case_id in cases[:55]:
            self.close(case_id)
        for case_id in cases[:55]:
            self.archived(case_id)
        page = self.net.http("GET", "/api/v1/cases?offset=0").json
        self.assertEqual(len(page["cases"]), 50)
        self.assertEqual(page["next"], 50)
        everything = self.ids("")
        self.assertEqual(len(everything), len(set(everything)))
        self.assertLessEqual(set(cases), set(everything))
        archived = [c for c in everything if c in cases[:55]]
        for case_id in cases[55:]:
            self.assertLess(everything.index(case_id), everything.index(archived[0]))

    def test_a_repeat_of_an_archived_intake_is_the_same_case(self):
        self.archive_and_repeat("")

    def test_a_repeat_of_one_that_holds_more_of_its_digest_is_the_same_case_too(self):
        self.archive_and_repeat("0123456789abcdef")

    def archive_and_repeat(self, more):
        key, intake = str(uuid.uuid4()), family()
        first = self.net.submit(intake, key=key)
        self.assertEqual(first.status, 201)
        case_id = first.json["case"]["id"]
        digest = kept.put(self.net.redis, case_id, "digest", None)
        self.assertEqual(len(digest), 16)
        if more:  # as older cases hold it
            self.net.redis.hset(f"{TAG}:case:{case_id}", "digest", digest + more)
        else:
            kept.put(self.net.redis, case_id, "digest", digest)
        self.close(case_id)
        self.archived(case_id)
        before = self.counters()
        self.net.redis.delete(f"{TAG}:gone:{case_id}")  # more than an hour later
        again = self.net.submit(intake, key=key)
        self.assertEqual(again.status, 200)
        self.assertEqual(again.json["case"]["id"], case_id)
        self.assertEqual({n["state"] for n in again.json["case"]["needs"]}, {"withdrawn"})
        other = self.net.submit(dict(intake, urgency="emergency"), key=key)
        self.assertEqual((other.status, other.json["code"]), (409, "key_reused"))
        self.assertFalse(self.in_redis(case_id))
        self.assertEqual(self.counters(), before)

    def test_a_repeat_that_looked_before_and_comes_after_makes_no_second_case(self):
        key, intake = str(uuid.uuid4()), family()
        case_id = self.net.submit(intake, key=key).json["case"]["id"]
        self.close(case_id)
        self.archived(case_id)
        before = self.counters()
        with self.database() as database:  # what a look before the case was archived finds
            row = database.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
            database.execute("DELETE FROM cases WHERE id = ?", (case_id,))
        late = self.net.submit(intake, key=key)
        self.assertEqual((late.status, late.json["code"]), (503, "unavailable"))
        with self.database() as database:
            database.execute("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self.assertEqual(self.net.submit(intake, key=key).status, 200)
        self.assertFalse(self.in_redis(case_id))
        self.assertEqual(self.counters(), before)
        expiry = self.net.redis.pttl(f"{TAG}:gone:{case_id}")
        self.assertTrue(3_000_000 < expiry <= 3_600_000, expiry)

    def test_changes_of_an_archived_case_are_refused_and_repeats_answered(self):
        case, answered, closed = self.new_case(), str(uuid.uuid4()), str(uuid.uuid4())
        referral = case["referrals"][0]
        version = referral["version"]
        decline = {"reason": "full", "note": "завтра", "key": answered}
        self.assertEqual(self.net.answer(referral["id"], "decline", version, **decline).status, 200)
        self.net.settled(case["id"])
        self.assertEqual(self.close(case["id"], closed).status, 200)
        after = self.archived(case["id"])
        now = after["referrals"][0]
        again = self.net.answer(referral["id"], "decline", version, **decline)
        self.assertEqual((again.status, again.json["referral"]),
                         (200, {"id": now["id"], "state": "declined", "version": now["version"]}))
        self.assertEqual(self.close(case["id"], closed).status, 200)
        reopen = self.net.answer(referral["id"], "reopen", now["version"], role="supervisor")
        self.assertEqual((reopen.status, reopen.json["code"], reopen.json["state"], reopen.json["version"]),
                         (409, "archived", "declined", now["version"]))
        noted = self.net.answer(referral["id"], "accept", now["version"], note="так")
        self.assertEqual((noted.status, noted.json["code"]), (409, "archived"))
        amend = self.net.http("PATCH", f"/api/v1/cases/{case['id']}", {"urgency": "emergency"},
                              headers={"If-Match": f'"{after["version"]}"', "Idempotency-Key": "x"})
        self.assertEqual((amend.status, amend.json["code"]), (409, "archived"))
        refused = self.close(case["id"])
        self.assertEqual((refused.status, refused.json["code"]), (409, "archived"))
        self.assertEqual(self.net.answer(case["id"] + "-1-9", "accept", 1).status, 404)
        self.assertEqual(self.close("0" * 26).status, 404)
        stranger = self.net.command("answer", referral=referral["id"], action="accept", version=now["version"],
                                    command_id="s", by="s", role="agency", agency="another")
        self.assertEqual((stranger["kind"], stranger["status"]), ("refused", "absent"))
        self.assertEqual(self.net.case(case["id"]), after)

    def test_an_open_case_keeps_its_whole_timeline(self):
        case = self.new_case()
        wait_for(lambda: self.trimmed_before(case["timeline"][-1]["id"]), 20, "the lines to be archived")
        self.assertTrue(self.in_redis(case["id"]))
        self.assertEqual(self.net.case(case["id"])["timeline"], case["timeline"])
        self.accepted_by_agency(case)
        timeline = self.net.case(case["id"])["timeline"]
        self.assertEqual(timeline[:len(case["timeline"])], case["timeline"])
        self.assertEqual(timeline[-1]["action"], "accept")
        checked = json.loads(self.net.ctl("fsck", "--json").stdout)
        self.assertEqual(checked["violations"], [])

    def trimmed_before(self, line_id):
        """Whether the line is no longer in Redis; somebody else's is written to move the journal on."""
        self.net.submit(family())
        return not self.net.redis.xrange(f"{TAG}:journal", line_id, line_id)

    def test_events_from_before_the_journal_begins_start_anew(self):
        case = self.new_case()
        first = case["timeline"][0]["id"]
        wait_for(lambda: self.trimmed_before(first), 20, "the line to be archived")

        def first_event(last):
            request = urllib.request.Request(self.net.endpoints["http"] + "/api/v1/events")
            request.add_header("Authorization", "Bearer " + self.net.tokens["operator"]["token"])
            request.add_header("Last-Event-ID", last)
            with urllib.request.urlopen(request, timeout=20) as stream:
                self.new_case()
                while True:
                    line = stream.readline().decode()
                    if line.startswith("event: "):
                        return line.split()[1]
        self.assertEqual(first_event(first), "reset")
        newest = self.net.redis.xrevrange(f"{TAG}:journal", count=1)[0][0].decode()
        self.assertEqual(first_event(newest), "transition")

    def test_a_person_is_erased_from_the_archive_too(self):
        case = self.new_case()
        self.close(case["id"])
        self.assertIn("contact", self.archived(case["id"]))
        with self.database() as database:
            database.execute("PRAGMA secure_delete = on")
            database.execute("UPDATE cases SET key = NULL WHERE id = ?", (case["id"],))
        erased = self.net.case(case["id"])
        self.assertNotIn("contact", erased)
        self.assertEqual([n["term"] for n in erased["needs"]], [n["term"] for n in case["needs"]])
        self.assertEqual(self.ids("phone=%2B380342550166").count(case["id"]), 1)

    def test_what_waits_to_be_told_keeps_its_case_in_redis(self):
        case, later = self.new_case(), self.new_case()
        told = {r["id"]: r["agency"] for r in case["referrals"]}
        self.assertTrue(told)
        for agency in told.values():  # nobody listens there, and it is a private address besides
            self.net.http("PUT", f"/api/v1/agencies/{agency}/channel",
                          {"channel": "webhook", "address": "https://127.0.0.1:1/x"}, role="coordinator")
        self.assertEqual(self.close(case["id"]).status, 200)
        for referral in told:  # the recall of an offer that was told
            wait_for(lambda: self.net.redis.zscore(f"{TAG}:notify:dead", referral), 20, "a dead letter")
        for agency in told.values():
            self.net.http("PUT", f"/api/v1/agencies/{agency}/channel", {"channel": "inbox"}, role="coordinator")
        self.close(later["id"])
        self.archived(later["id"])
        self.assertTrue(self.in_redis(case["id"]))
        for referral in told:
            self.net.ctl("dead", "drop", referral)
        self.archived(case["id"])

    def test_the_chain_of_an_archived_case_can_be_checked_without_us(self):
        case = self.new_case()
        self.accepted_by_agency(case)
        self.close(case["id"])
        self.net.answer(case["referrals"][0]["id"], "confirm_cancel",
                        self.net.case(case["id"])["referrals"][0]["version"])
        self.archived(case["id"])
        with self.database() as database:
            at = database.execute("SELECT last FROM cases WHERE id = ?", (case["id"],)).fetchone()[0]
            lines = []
            while at:
                at, line = database.execute("SELECT prev, line FROM lines WHERE id = ?", (at,)).fetchone()
                lines.append(line.split(b"\r\n", 7)[7].removesuffix(b"\r\n"))
        self.assertGreaterEqual(len(lines), 5)
        chain = b""
        for line in reversed(lines):
            chain = hashlib.sha1(chain + line[:-16]).hexdigest()[:16].encode()
            self.assertEqual(chain, line[-16:])

    def test_fsck_finds_what_is_wrong_in_the_archive(self):
        case_id = self.new_case()["id"]
        self.close(case_id)
        self.archived(case_id)

        def found():
            done = self.net.ctl("fsck", "--json", check=False)
            return [(v["item"], v["what"]) for v in json.loads(done.stdout)["violations"]], done.returncode

        self.assertEqual(found(), ([], 0))
        with self.database() as database:
            last = database.execute("SELECT last FROM cases WHERE id = ?", (case_id,)).fetchone()[0]
            prev, line = database.execute("SELECT prev, line FROM lines WHERE id = ?", (last,)).fetchone()
            row = database.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
        damages = [
            ("UPDATE lines SET line = ? WHERE id = ?", (line.replace(case_id.encode(), case_id[::-1].encode()), last),
             "UPDATE lines SET line = ? WHERE id = ?", (line, last),
             (case_id, "archived with a broken hash chain")),
            ("DELETE FROM lines WHERE id = ?", (prev,) if prev else (last,), None, None,
             (case_id, "archived without all its journal lines")),
            ("DELETE FROM cases WHERE id = ?", (case_id,),
             "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?)", row, ("archive", "moved there")),
        ]
        for damage, values, mend, again, expected in damages:
            with self.database() as database:
                kept = database.execute("SELECT * FROM lines").fetchall()
                database.execute(damage, values)
            wrong, status = found()
            self.assertEqual((len(wrong), status), (1, 1), (damage, wrong))
            self.assertEqual(wrong[0][0], expected[0])
            self.assertIn(expected[1], wrong[0][1])
            with self.database() as database:
                if mend:
                    database.execute(mend, again)
                database.executemany("INSERT OR IGNORE INTO lines VALUES (?, ?, ?)", kept)
        self.assertEqual(found(), ([], 0))

    def test_the_books_balance_and_redis_holds_nothing_of_what_is_over(self):
        cases = [self.new_case()["id"] for _ in range(3)]
        for case_id in cases:
            self.close(case_id)
        for case_id in cases:
            self.archived(case_id)
        self.assertEqual(self.net.violations(), [])
        names = [k.decode() for k in self.net.redis.scan_iter(f"{TAG}:*") for c in cases if c in k.decode()]
        self.assertEqual(sorted(names), sorted(f"{TAG}:gone:{c}" for c in cases))
        counters = self.counters()
        with self.database() as database:
            there = database.execute("SELECT count(*) FROM cases").fetchone()[0]
        self.assertEqual(counters["case.archived"], there)
        self.assertEqual(len(list(self.net.redis.scan_iter(f"{TAG}:case:*"))) + there, counters["case.entered"])


if __name__ == "__main__":
    unittest.main()
