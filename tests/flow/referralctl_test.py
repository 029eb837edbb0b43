# SPDX-License-Identifier: Apache-2.0
"""referralctl: every command on a running network, for people and for programs, used wrongly, and
with nothing running; fsck finds every kind of planted damage and invents none."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

import msgpack
import zmq

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from harness import CTL, DEMO, TAG, Network, demo_intake, wait_for  # noqa: E402

INTAKE = os.path.join(DEMO, "intakes", "displaced-family.json")
LOGIN = pwd.getpwuid(os.getuid()).pw_name
NOWHERE = "1" * 26
PERSONAL = ["Приклад Родина", "380342550190", "380 342 55-0190", "вокзалу", "Молодша", "09:00-12:00"]
COMMANDS = {
    "submit": ["submit", INTAKE], "preview": ["preview", INTAKE], "cases": ["cases"],
    "show": ["show", NOWHERE], "explain": ["explain", NOWHERE], "search": ["search"], "answer": ["answer", NOWHERE + "-1-1", "accept"],
    "withdraw": ["withdraw", NOWHERE], "qshape": ["qshape"], "dead": ["dead", "ls"], "fsck": ["fsck"],
    "account": ["account", "ls"], "channel": ["channel", "show", "a"],
    "service": ["service", "show", NOWHERE],
}


def run(*words, **kwargs):
    return subprocess.run([CTL, *words], capture_output=True, text=True, timeout=60, **kwargs)


def columns(text):
    """A printed table as a list of rows by head; cells are two blanks or more apart."""
    lines = text.splitlines()
    heads = re.split(r"  +", lines[0].strip())
    return [dict(zip(heads, re.split(r"  +", line.strip()))) for line in lines[1:]]


def without_names(case):
    """What only referralctl looks up."""
    case = json.loads(json.dumps(case))
    for referral in case["referrals"]:
        referral.pop("service_name", None)
        why = referral.get("why", {})
        for other in why.get("next", []) + why.get("refusals", []):
            other.pop("name", None)
    return case


class Running(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.net = Network(settings=cls.settings).start()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def ctl(self, *words, status=0, **kwargs):
        done = self.net.ctl(*words, check=False, **kwargs)
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def json(self, *words, status=0, **kwargs):
        return json.loads(self.ctl(*words, "--json", status=status, **kwargs).stdout)

    def submitted(self, name="displaced-family", key=None, **changes):
        """A new case whose needs are offered or parked, and told."""
        body = json.dumps(dict(demo_intake(name), **changes))
        words = ["submit", "-", "--key", key or os.urandom(8).hex()]
        return self.net.settled(self.json(*words, stdin=body)["case"]["id"])

    @staticmethod
    def key(*parts):
        return ":".join((TAG,) + parts)


class Commands(Running):
    # ---- submit and preview

    def test_an_intake_is_stored_once_however_often_its_file_is_submitted(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "intake.json"), "w") as file:
                json.dump(dict(demo_intake(), urgency="normal"), file)
            words = ("--dir", self.net.dir, "submit", "intake.json")
            first = run(*words, cwd=folder)  # a relative name, though the command changes its folder
            again = run(*words, cwd=folder)
        self.assertEqual((first.returncode, again.returncode), (0, 0), first.stderr + again.stderr)
        case_id = re.match(r"case (\w{26}), version 1\n", first.stdout).group(1)
        self.assertIn(f"case {case_id}, version 1 (was stored before)", again.stdout)
        rows = columns(first.stdout.split("\n", 1)[1])
        self.assertEqual([row["TERM"] for row in rows], [n["term"] for n in demo_intake()["needs"]])
        self.assertEqual(rows[0]["NEED"], case_id + "-1")
        self.assertEqual(kept.field(self.net.redis, case_id, "by"), "ctl:" + LOGIN)

    def test_a_key_names_a_case_and_is_not_used_twice(self):
        text = json.dumps(demo_intake("foster-family"))
        one = self.json("submit", "-", "--key", "k1", stdin=text)["case"]
        same = self.json("submit", "-", "--key", "k1", stdin=text)["case"]
        other = self.json("submit", "-", "--key", "k2", stdin=text)["case"]
        self.assertEqual(set(one), {"id", "version", "needs"})
        self.assertEqual(one["id"], same["id"])
        self.assertNotEqual(one["id"], other["id"])
        reused = self.json("submit", "-", "--key", "k1", status=1,
                           stdin=json.dumps(demo_intake("flood-family")))
        self.assertEqual(reused["code"], "key_reused")

    def test_every_defect_of_an_intake_has_a_line_of_its_own(self):
        bad = dict(demo_intake(), urgency="soon", colour="red")
        bad["household"]["members"][1]["age"] = 700
        bad["needs"][0]["for"] = [9]
        for command in ("submit", "preview"):
            done = self.ctl(command, "-", stdin=json.dumps(bad), status=1)
            self.assertEqual(done.stdout, "")
            for field in ("urgency", "colour", "household.members[1].age", "needs[0].for[0]"):
                self.assertRegex(done.stderr, rf"(?m)^  {re.escape(field)}: \S")
            problem = self.json(command, "-", stdin=json.dumps(bad), status=1)
            self.assertEqual(problem["type"], "urn:hearthline:problem:invalid")
            self.assertEqual(len(problem["errors"]), 4)
        done = self.ctl("submit", "-", stdin="{\n  \"urgency\" \"x\"}", status=1)
        self.assertIn("line 2", done.stderr)
        self.assertIn("larger than 256 kB", self.ctl("submit", "-", stdin=" " * 300000, status=1).stderr)
        self.assertIn("No such file", self.ctl("submit", "/nowhere.json", status=1).stderr)
        self.assertIn("Is a directory", self.ctl("submit", "/tmp", status=1).stderr)

    def test_a_preview_is_what_the_api_answers_and_has_no_effect(self):
        before = self.net.redis.hget(self.key("count"), "case.entered")
        shown = self.json("preview", INTAKE)
        self.assertEqual(shown, self.net.http("POST", "/api/v1/matches", demo_intake()).json)
        few = self.json("preview", INTAKE, "--most", "1")
        self.assertEqual([len(need["why"]["next"]) for need in few["needs"]], [0, 0, 0])
        text = self.ctl("preview", INTAKE).stdout
        for need in shown["needs"]:
            chosen = need["why"]["chosen"]
            self.assertIn(f"need {need['term']}\n", text)
            self.assertRegex(text, rf"1  +{chosen['score']:.2f}  +[\d.-]+  {chosen['service']}  {chosen['name']}\n")
            self.assertIn(f"{need['why']['considered_count']} services considered", text)
        self.assertIn("unknown: ", text)
        self.assertIn("excluded: ", text)
        self.assertEqual(self.net.redis.hget(self.key("count"), "case.entered"), before)

    # ---- cases and show

    def test_cases_are_listed_filtered_and_found(self):
        home = demo_intake()["place"]["code"]
        here = self.submitted(contact={"phone": "+380 44 111 22 33"})
        there = self.submitted(place={"code": "UA26040190010043657"},
                               contact={"phone": "+380 44 111 22 33"})
        parked = self.submitted("flood-family", consent=None)

        def found(*words):
            return [case["id"] for case in self.json("cases", *words)["cases"]]
        self.assertEqual(set(found("--phone", "00380-44-1112233")), {here["id"], there["id"]})
        self.assertEqual(found("--phone", "+380441112233", "--place", home), [here["id"]])
        self.assertEqual(found("--phone", "+380441112234"), [])
        self.assertEqual(found("--limit", "1"), [parked["id"]], "the newest first")
        self.assertIn(parked["id"], found("--state", "parked"))
        self.assertNotIn(here["id"], found("--state", "parked"))
        agency = here["referrals"][0]["agency"]
        self.assertIn(here["id"], found("--agency", agency))
        self.assertNotIn(parked["id"], found("--agency", agency))
        rows = columns(self.ctl("cases", "--phone", "+380441112233").stdout)
        row = next(row for row in rows if row["CASE"] == here["id"])
        self.assertEqual((row["URGENCY"], row["OPEN"]), (here["urgency"], "yes"))
        self.assertIn(f"{here['needs'][0]['term']} offered", row["NEEDS"])
        self.assertEqual(self.ctl("cases", "--phone", "+380441112234").stdout, "0 cases\n")
        self.ctl("withdraw", here["id"])
        self.assertNotIn(here["id"], found("--limit", "1000"))
        self.assertIn(here["id"], found("--phone", "+380441112233"), "closed ones are found")

    def test_the_list_is_the_one_of_the_api(self):
        self.submitted()
        def api():
            return self.net.http("GET", "/api/v1/cases", role="operations").json["cases"]
        # Cases of other tests may just be moving.
        wait_for(lambda: self.json("cases", "--limit", "50")["cases"] == api(), 10, "the same list")
        self.assertGreater(len(api()), 0)

    def test_more_open_cases_than_a_page_are_all_listed(self):
        self.submitted()
        before = [case["id"] for case in self.json("cases", "--limit", "1000")["cases"]]
        # Newer ones that are not there are passed over; 256 are just a page.
        for count in (255, 256, 257, 600):
            tag, many = self.key("open"), {f"{'0' * 22}{n:04}": 1e15 + n for n in range(count)}
            self.net.redis.zadd(tag, many)
            try:
                after = [case["id"] for case in self.json("cases", "--limit", "1000")["cases"]]
                self.assertEqual(after, before)
            finally:
                self.net.redis.zrem(tag, *many)

    def test_a_case_is_shown_as_the_api_does_but_never_a_person(self):
        case = self.submitted()
        shown = self.json("show", case["id"])
        api = self.net.case(case["id"], role="operations")
        self.assertEqual(without_names(shown["case"]), api)
        self.assertTrue(shown["case"]["referrals"][0]["service_name"])
        self.assertEqual(self.json("show", case["id"] + "-1-1"), shown, "by any id of it")
        raw = self.ctl("show", case["id"], "--json").stdout + self.ctl("cases", "--json").stdout
        text = self.ctl("show", case["id"]).stdout
        for needle in PERSONAL:
            self.assertNotIn(needle, raw + text + self.ctl("cases").stdout)
        self.assertNotIn("contact", shown["case"])
        self.assertNotIn("household", shown["case"])
        for need in case["needs"]:
            self.assertRegex(text, rf"(?m)^{need['id']}  +{need['term']}  +offered")
        for referral in case["referrals"]:
            self.assertIn(f"referral {referral['id']}: {referral['state']}, version {referral['version']}\n", text)
            self.assertIn(f"score {referral['why']['chosen']['score']:.2f} = ", text)
            self.assertRegex(text, rf"(?m)^  [\d-]+ [\d:]+  {referral['id']}  +offer  +-  +sent")
        transitions = columns(text.split("\ntransitions\n")[1])
        self.assertEqual([(r["ITEM"], r["ACTION"]) for r in transitions],
                         [(t["item"], t["action"]) for t in api["timeline"]])
        self.assertIn("no such case", self.ctl("show", NOWHERE, status=1).stderr)
        self.assertEqual(self.json("show", NOWHERE, status=1)["code"], "absent")

    def test_a_decision_is_explained_by_any_id_of_its_case_in_three_languages(self):
        case = self.submitted()
        whole = self.json("explain", case["id"])["case"]
        stored = {r["id"]: r["why"] for r in self.net.case(case["id"], role="operations")["referrals"]}
        self.assertEqual(len(whole["needs"]), len(case["needs"]))
        self.assertEqual(whole["timeline"], [])
        for referral in whole["referrals"]:
            why = stored[referral["id"]]
            for key in ("seed", "directory_version", "considered_count", "refusals_by_rule"):
                self.assertEqual(referral["why"].get(key), why.get(key), key)
            unknown = [r for r in why["chosen"]["rules"] if r["verdict"] == "unknown"]
            self.assertEqual(len(referral["why"]["chosen"].get("questions", [])), len(unknown))
            self.assertEqual(len(referral["why"]["says"]), len(why["chosen"]["parts"]))
        one = whole["referrals"][0]
        by_need = self.json("explain", one["need"], "--lang", "uk")["case"]
        self.assertEqual([n["id"] for n in by_need["needs"]], [one["need"]])
        self.assertIn("Відстань", " ".join(by_need["referrals"][0]["why"]["says"]))
        text = self.ctl("explain", one["id"], "--lang", "ru").stdout
        self.assertIn(f"chosen with {one['why']['chosen']['score']:.2f} points\n", text)
        self.assertIn(f"seed {one['why']['seed']}\n", text)
        self.assertIn("Расстояние", text)
        for needle in PERSONAL:
            self.assertNotIn(needle, text + json.dumps(whole, ensure_ascii=False))

    def test_a_stored_decision_follows_from_what_is_kept_of_it_and_an_altered_one_does_not(self):
        case = self.submitted()
        replays = self.json("explain", case["id"], "--replay")["replays"]
        self.assertEqual([r["referral"] for r in replays], [r["id"] for r in self.net.case(case["id"])["referrals"]])
        self.assertEqual([(r["same"], r["policy"], r["differences"]) for r in replays], [(True, 0, [])] * len(replays))
        one = replays[0]["referral"]
        key, field = f"{TAG}:case:{case['id']}", f"r{one[27:]}.why"
        stored = self.net.redis.hget(key, field)
        self.net.redis.hset(key, field, stored[:2] + bytes([stored[2] ^ 2]) + stored[3:])  # of the score
        self.assertRegex(self.ctl("explain", one, "--replay", status=1).stdout, "not the same\n  score: .* is kept, .* is the sum\n")
        self.net.redis.hset(key, field, stored)
        self.assertIn(": the same\n", self.ctl("explain", one, "--replay").stdout)

    def test_what_cannot_be_explained_is_named(self):
        case_id = self.submitted()["id"]
        for missing, what in ((NOWHERE, "case"), (case_id + "-9", "need"), (case_id + "-1-9", "referral")):
            self.assertIn(f"no such {what}: {missing}", self.ctl("explain", missing, status=1).stderr)
        self.assertEqual(self.json("explain", case_id + "-9", status=1)["code"], "absent")
        self.assertIn("lang: pl", self.ctl("explain", case_id, "--lang", "pl", status=2).stderr)
        self.assertIn("x is no id", self.ctl("explain", "x", status=2).stderr)

    # ---- search

    def test_a_search_is_what_the_api_answers(self):
        for words, query in ((["shelter"], {"q": "shelter"}), ([], {}),
                             (["--term", "housing"], {"term": "housing"}),
                             (["притулок", "--near", "48.92,24.71"], {"q": "притулок", "near": "48.92,24.71"}),
                             (["prytulok", "--near", "48.92,24.71", "--within-km", "50", "--place", "UA26"],
                              {"q": "prytulok", "near": "48.92,24.71", "within_km": "50", "place": "UA26"}),
                             (["--near", "-12.5,-77"], {"near": "-12.5,-77"}),
                             (["--lang", "ru", "--limit", "3", "--offset", "2"],
                              {"lang": "ru", "limit": 3, "offset": 2}),
                             (["--open-at", "2026-11-20T10:00:00Z"], {"open_at": "2026-11-20T10:00:00Z"})):
            query.setdefault("limit", 20)
            api = self.net.http("GET", "/api/v1/services?" + urllib.parse.urlencode(query), role="operations").json
            found = self.json("search", *words)
            for service in found["services"] + api["services"]:
                service.pop("opens_at", None)  # of an open one it is the moment of the question
            self.assertEqual(found, api, words)
        found = self.json("search", "shelter", "--near", "48.92,24.71")
        text = self.ctl("search", "shelter", "--near", "48.92,24.71").stdout
        rows = columns(text)
        self.assertEqual([row["SERVICE"] for row in rows[:-1]], [s["id"] for s in found["services"]])
        self.assertEqual(rows[0]["NAME"], found["services"][0]["name"])
        self.assertEqual(text.splitlines()[-1], f"1 to {len(found['services'])} of {found['total']}")
        self.assertEqual(self.ctl("search", "qqqqzzzz").stdout, "none of 0\n")

    def test_an_answer_is_waited_for_no_longer_than_it_takes(self):
        def seconds():
            began = time.monotonic()
            self.ctl("search", "--limit", "1")
            return time.monotonic() - began
        # The machine may be busy, but not three times: a lost wake-up costs two seconds each.
        self.assertLess(min(seconds() for _ in range(3)), 1.5)

    # ---- answer and withdraw

    def test_a_telephoned_answer_is_recorded_as_such(self):
        case = self.submitted()
        one, two, three = case["referrals"][:3]
        said = self.ctl("answer", one["id"], "accept").stdout
        self.assertEqual(said, f"referral {one['id']} is accepted, version {one['version'] + 1}\n")
        line = [t for t in self.net.case(case["id"])["timeline"] if t["action"] == "accept"][-1]
        self.assertEqual((line["by"], line["role"]), ("phone:" + LOGIN, "operator"))
        moved = self.json("answer", two["id"], "decline", "--reason", "full", "--note", "Місць немає до зими")
        self.assertEqual(moved, {"referral": {"id": two["id"], "state": "declined", "version": two["version"] + 1}})
        fields = self.net.redis.hgetall(self.key("case", case["id"]))
        note = fields[b"r" + two["id"].split("-", 1)[1].encode() + b".note"]
        self.assertNotIn("Місць".encode(), note)
        stale = self.json("answer", three["id"], "accept", "--version", "9", status=1)
        self.assertEqual((stale["code"], stale["version"]), ("stale", three["version"]))
        self.ctl("answer", three["id"], "accept", "--version", str(three["version"]))

    def test_what_the_life_cycle_forbids_names_the_state(self):
        referral = self.submitted()["referrals"][0]["id"]
        self.ctl("answer", referral, "accept")
        again = self.ctl("answer", referral, "accept", status=1)
        self.assertIn("the life cycle forbids this in the current state; it is accepted, version 2",
                      again.stderr)
        self.assertEqual(again.stdout, "")
        problem = self.json("answer", referral, "accept", status=1)
        self.assertEqual((problem["code"], problem["state"], problem["version"]),
                         ("illegal_move", "accepted", 2))
        other = self.submitted()["referrals"][0]["id"]
        self.assertIn("reason: a decline needs", self.ctl("answer", other, "decline", status=1).stderr)
        self.assertEqual(self.json("answer", NOWHERE + "-1-1", "accept", status=1)["code"], "absent")

    def test_a_need_or_a_case_is_withdrawn(self):
        case = self.submitted()
        done = self.ctl("withdraw", case["id"], "--need", "2", "--reason", "duplicate")
        self.assertIn(f"case {case['id']} is withdrawn, version 2 (one need)", done.stdout)
        self.ctl("withdraw", case["id"], "--need", case["needs"][0]["id"])
        states = [n["state"] for n in self.net.case(case["id"])["needs"]]
        self.assertEqual(states, ["withdrawn", "duplicate", "offered"])
        twice = self.json("withdraw", case["id"], "--need", "2", status=1)
        self.assertEqual((twice["code"], twice["state"]), ("illegal_move", "duplicate"))
        self.assertEqual(self.json("withdraw", case["id"])["case"]["version"], 4)
        self.assertFalse(self.net.case(case["id"])["open"])
        self.assertEqual(self.json("withdraw", NOWHERE, status=1)["code"], "absent")

    # ---- queues, accounts, channels

    def test_the_shape_of_the_queues_is_that_of_redis(self):
        self.submitted()
        self.submitted("flood-family", consent=None)
        shape = self.json("qshape")
        for stage, sets in shape["stages"].items():
            for lane, ready in sets["ready"].items():
                self.assertEqual(ready["count"], self.net.redis.zcard(self.key(stage, "ready", lane)))
            for name, age in (("leased", "ends_in_s"), ("delayed", "due_in_s"), ("dead", "oldest_s")):
                count = self.net.redis.zcard(self.key(stage, name))
                self.assertEqual(sets[name]["count"], count)
                self.assertEqual(sets[name][age] is None, count == 0)
        clock = shape["stages"]["clock"]["delayed"]
        self.assertGreater(clock["count"], 0)
        # The earliest of the clocks ticks for hours yet; parked needs are looked at each minute.
        due = self.net.redis.zrange(self.key("clock", "delayed"), 0, 0, withscores=True)[0][1] / 1000
        self.assertAlmostEqual(clock["due_in_s"], due - self.net.redis.time()[0], delta=5)
        self.assertLess(abs(shape["stages"]["match"]["delayed"]["due_in_s"]), 70)
        self.assertEqual(shape["conservation_error"], 0)
        self.assertEqual(shape["cases"]["open"], self.net.redis.zcard(self.key("open")))
        text = self.ctl("qshape").stdout
        rows = {row["STAGE"]: row for row in columns("\n".join(text.splitlines()[:4]))}
        self.assertRegex(rows["clock"]["DELAYED"], rf"^{clock['count']} \(in \d+ (min|h \d+ min)\)$")
        self.assertEqual(rows["clock"]["DEAD"], "0")
        self.assertEqual(int(rows["match"]["ENTERED"]), shape["stages"]["match"]["entered"])
        self.assertIn(f"cases: {shape['cases']['open']} open of {shape['cases']['entered']}\n", text)

    def test_ready_and_dead_items_have_an_age(self):
        ready, dead = self.key("match", "ready", "normal"), self.key("match", "dead")
        now = self.net.redis.time()[0] * 1000
        item = NOWHERE + "-1"
        os.kill(self.net.pid("matcher.1"), signal.SIGSTOP)  # else it would claim what does not exist
        try:
            self.net.redis.zadd(ready, {item: now - 2 * 3600 * 1000 - 5 * 60 * 1000})
            self.net.redis.zadd(dead, {item: now - 3 * 86400 * 1000})
            shape = self.json("qshape")["stages"]["match"]
            text = self.ctl("qshape").stdout
        finally:
            self.net.redis.zrem(ready, item)
            self.net.redis.zrem(dead, item)
            os.kill(self.net.pid("matcher.1"), signal.SIGCONT)
        self.assertAlmostEqual(shape["ready"]["normal"]["oldest_s"], 7500, delta=30)
        self.assertAlmostEqual(shape["dead"]["oldest_s"], 259200, delta=30)
        self.assertIn("1 (2 h 5 min)", text)
        self.assertIn("1 (3 d 0 h)", text)
        self.assertIn("are not where they should be", text)

    def test_an_account_is_a_token_until_it_is_taken_back(self):
        added = self.ctl("account", "add", "auditor", "olena")
        token = added.stdout.strip()
        self.assertRegex(token, r"^[\w-]{43}$")
        self.assertIn("not shown again", added.stderr)
        everything = b" ".join(k + b" " + v for k, v in self.net.redis.hgetall(self.key("account")).items())
        self.assertNotIn(token.encode(), everything)
        self.assertIn(hashlib.blake2b(token.encode(), digest_size=32).hexdigest().encode(), everything)
        wait_for(lambda: self.net.http("GET", "/api/v1/cases", token=token).status == 200, 10, "the account")
        second = self.json("account", "add", "auditor", "olena")["account"]
        self.assertEqual((second["person"], second["role"], second["agency"]), ("olena", "auditor", ""))
        mine = [a for a in self.json("account", "ls")["accounts"] if a["person"] == "olena"]
        self.assertEqual([a["role"] for a in mine], ["auditor"] * 2)
        self.assertEqual(len({a["hash"] for a in mine}), 2)
        self.assertEqual(len(mine[0]["hash"]), 8)
        self.assertRegex(self.ctl("account", "ls").stdout, rf"(?m)^olena +auditor +- +{mine[0]['hash']}$")
        self.assertIn("olena is auditor already",
                      self.ctl("account", "add", "operator", "olena", status=1).stderr)
        self.assertEqual(self.json("account", "rm", "olena")["removed"], 2)
        wait_for(lambda: self.net.http("GET", "/api/v1/cases", token=token).status == 401, 10, "no account")
        self.assertIn("has no account", self.ctl("account", "rm", "olena", status=1).stderr)
        self.assertNotIn("olena", self.ctl("account", "ls").stdout)

    def test_an_agencys_account_sees_its_inbox(self):
        referral = self.submitted()["referrals"][0]
        token = self.json("account", "add", "agency", "anna", "--agency", referral["agency"])["account"]["token"]
        wait_for(lambda: self.net.http("GET", "/api/v1/inbox", token=token).status == 200, 10, "the account")
        inbox = self.net.http("GET", "/api/v1/inbox", token=token).json["referrals"]
        self.assertIn(referral["id"], [r["id"] for r in inbox])
        self.assertIn(f"anna is agency of {referral['agency']} already",
                      self.ctl("account", "add", "agency", "anna", "--agency", "other", "--unknown", status=1).stderr)
        for agency in ("other", str(uuid.uuid4())):
            self.assertIn(f"{agency} has no service in the directory",
                          self.ctl("account", "add", "agency", "otto", "--agency", agency, status=1).stderr)
        self.assertNotIn("otto", self.ctl("account", "ls").stdout)

    def test_an_agency_whose_only_service_is_hidden_is_known_all_the_same(self):
        agency, service = str(uuid.uuid4()), str(uuid.uuid4())
        path = os.path.join(self.net.dir, "hidden.json")
        with open(path, "w") as file:
            json.dump([{"id": service, "name": "Hidden", "status": "inactive", "organization": {
                "id": agency, "name": "Secret", "description": ""}}], file)
        self.ctl("import", "--source", "hidden", path)
        self.ctl("service", "edit", service, "confidentiality=cleared")
        def add():
            return subprocess.run([CTL, "--dir", self.net.dir, "account", "add", "agency", "hanna", "--agency", agency],
                                  capture_output=True, text=True, timeout=60)
        wait_for(lambda: add().returncode == 0, 10, "the matcher has read it")
        self.ctl("account", "rm", "hanna")

    def test_a_token_that_cannot_be_printed_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([CTL, "--dir", self.net.dir, "account", "add", "auditor", "lost"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output cannot be written", done.stderr)

    def test_who_stops_reading_is_not_told_of_it(self):
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "w") as closed:
            done = subprocess.run([CTL, "--dir", self.net.dir, "search", ""], stdout=closed,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, ""))

    def test_a_channel_is_set_and_shown(self):
        self.assertEqual(self.ctl("channel", "show", "a9").stdout, "a9: inbox\n")
        unknown = self.ctl("channel", "set", "a9", "webhook", "https://a9.example/x?y=1", status=1)
        self.assertIn("a9 has no service in the directory", unknown.stderr)
        self.assertIsNone(self.net.redis.hget(self.key("channel"), "a9"))
        self.assertEqual(self.ctl("channel", "set", "a9", "webhook", "https://a9.example/x?y=1", "--unknown").stdout,
                         "a9: webhook https://a9.example/x?y=1\n")
        self.assertEqual(self.json("channel", "show", "a9"), {"channel": {
            "agency": "a9", "channel": "webhook", "address": "https://a9.example/x?y=1"}})
        self.assertEqual(self.net.redis.hget(self.key("channel"), "a9"), b"webhook https://a9.example/x?y=1")
        self.assertEqual(self.json("channel", "set", "a9", "inbox"),
                         {"channel": {"agency": "a9", "channel": "inbox", "address": None}})
        self.assertEqual(self.ctl("channel", "show", "a9").stdout, "a9: inbox\n")

    def test_a_service_is_edited_and_its_places_are_reported_by_hand(self):
        service = self.json("search", "")["services"][0]["id"]
        before = self.json("service", "show", service)
        self.assertEqual(self.json("service", "edit", service, "alert=Ремонт до 1 березня", "maximum_age=99"),
                         {"service": {"id": service, "version": 1}})
        shown = self.json("service", "show", service)
        self.assertEqual((shown["alert"], shown["maximum_age"]), ("Ремонт до 1 березня", 99))
        history = self.json("service", "history", service)["history"]
        self.assertEqual({h["field"]: h["by"] for h in history}, {"alert": "ctl:" + LOGIN, "maximum_age": "ctl:" + LOGIN})
        self.assertIn("Ремонт", self.ctl("service", "history", service).stdout)
        self.assertEqual(self.ctl("service", "undo", service, "alert").stdout, f"{service} was edited 2 times\n")
        self.ctl("service", "undo", service, "maximum_age")
        self.assertEqual(self.json("service", "show", service), before)
        wrong = self.net.ctl("service", "edit", service, "status=open", "nam=x", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("status", wrong.stderr)
        self.assertIn("nam", wrong.stderr)
        self.assertEqual(self.ctl("service", "capacity", service, "3", "7").stdout, "done\n")
        self.assertEqual(self.net.redis.hget(self.key("place:" + service), "available"), b"3")
        self.assertEqual(self.ctl("service", "confirm", service).stdout, "done\n")
        self.assertEqual(self.ctl("service", "capacity", service, "-").stdout, "done\n")
        self.assertIn("nothing was reported", self.ctl("service", "confirm", service).stdout)
        for words in (["capacity", service, "9", "7"], ["edit", service, "name"], ["look", service], ["show"]):
            self.assertEqual(self.net.ctl("service", *words, check=False).returncode, 2, words)
        self.assertEqual(self.net.ctl("service", "capacity", NOWHERE, "1", check=False).returncode, 1)

    def test_each_agency_has_a_secret_of_its_own_for_ever(self):
        one = self.ctl("channel", "secret", "a1").stdout.strip()
        self.assertRegex(one, r"^whsec_[A-Za-z0-9+/]{43}=$")
        self.assertEqual(self.json("channel", "secret", "a1"), {"agency": "a1", "secret": one})
        self.assertNotEqual(one, self.ctl("channel", "secret", "a2").stdout.strip())

    def test_the_other_commands_are_still_there(self):
        for command in ("up", "import", "restart"):
            self.assertIn("usage: referralctl", run(command, "--help").stdout)
        again = self.ctl("import", "--source", "demo", os.path.join(DEMO, "directory.json"), "--json")
        self.assertEqual(json.loads(again.stdout)["changed"], 0)


class Dead(Running):
    settings = {"limits.failures_most": 1, "notifier.webhook_private": "yes"}

    def setUp(self):
        self.assertEqual(self.json("dead", "ls"), {"dead": []})

    def dead_referral(self):
        """A referral whose agency's system does not answer."""
        agency = self.json("preview", INTAKE)["needs"][0]["why"]["chosen"]["agency"]
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        self.ctl("channel", "set", agency, "webhook", f"http://127.0.0.1:{port}/")
        self.addCleanup(self.ctl, "channel", "set", agency, "inbox")
        body = json.dumps(dict(demo_intake(), needs=demo_intake()["needs"][:1]))
        case_id = self.json("submit", "-", "--key", os.urandom(8).hex(), stdin=body)["case"]["id"]
        self.addCleanup(self.ctl, "withdraw", case_id)
        wait_for(lambda: self.net.redis.zcard(self.key("notify", "dead")), 20, "a dead letter")
        return case_id + "-1-1", agency

    def test_a_dead_letter_is_listed_shown_and_replayed(self):
        item, agency = self.dead_referral()
        letter = self.json("dead", "ls")["dead"][0]
        self.assertEqual((letter["stage"], letter["item"], letter["state"], letter["agency"], letter["term"]),
                         ("notify", item, "queued", agency, "housing.temporary"))
        self.assertRegex(letter["died_at"], r"^20.*Z$")
        text = self.ctl("dead", "ls").stdout
        self.assertRegex(text, rf"(?m)^notify  {item}  20[\d-]+ [\d:]+  queued  housing.temporary  {agency}$")
        self.assertTrue(text.endswith("1 dead letters\n"))
        self.assertEqual(self.json("dead", "ls", "--stage", "match"), {"dead": []})
        shown = self.json("dead", "show", item)["dead"][0]
        self.assertEqual([line["action"] for line in shown["timeline"]], ["offer", "dead"])
        text = self.ctl("dead", "show", item).stdout
        self.assertRegex(text, r"(?m)^  20.* dead  +notify")
        self.assertEqual(text.count(item), 1)
        self.assertIn("no such dead letter", self.ctl("dead", "show", item, "--stage", "clock", status=1).stderr)

        self.ctl("channel", "set", agency, "inbox")
        self.assertEqual(self.ctl("dead", "replay", item).stdout, f"replayed notify {item}\n")
        case = self.net.settled(item[:26])
        self.assertEqual(case["referrals"][0]["state"], "sent")
        line = [t for t in case["timeline"] if t["action"] == "replay"][0]
        self.assertEqual((line["by"], line["role"]), ("ctl:" + LOGIN, "operations"))
        self.assertEqual(self.json("dead", "replay", item, status=1)["code"], "absent")
        self.ctl("fsck")

    def test_all_dead_letters_are_replayed_at_once(self):
        item, agency = self.dead_referral()
        self.ctl("channel", "set", agency, "inbox")
        self.assertEqual(self.json("dead", "replay", "--all", "--stage", "match"), {"replayed": []})
        self.assertIn({"stage": "notify", "item": item}, self.json("dead", "replay", "--all")["replayed"])
        self.assertRegex(self.ctl("dead", "replay", "--all").stdout, r"\d+ replayed\n")
        self.net.settled(item[:26])

    def test_a_dropped_need_is_closed_unmet(self):
        body = json.dumps(dict(demo_intake(), consent=None, needs=demo_intake()["needs"][:1]))
        case_id = self.json("submit", "-", "--key", os.urandom(8).hex(), stdin=body)["case"]["id"]
        self.net.settled(case_id)
        item = case_id + "-1"
        # As if it had failed too often: from the parked ones to the dead.
        self.assertEqual(self.net.redis.zrem(self.key("match", "delayed"), item), 1)
        self.net.redis.zadd(self.key("match", "dead"), {item: 1})
        letter = self.json("dead", "ls")["dead"][0]
        self.assertEqual((letter["stage"], letter["item"], letter["state"]), ("match", item, "parked"))
        self.assertEqual(self.json("dead", "drop", item), {"dropped": [{"stage": "match", "item": item}]})
        self.assertEqual(self.net.case(case_id)["needs"][0]["state"], "unmet")
        self.assertEqual(self.net.case(case_id)["open"], False)
        self.ctl("fsck")

    def test_the_printed_secret_verifies_what_the_notifier_signs(self):
        got = []

        class Sink(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        agency = self.json("preview", INTAKE)["needs"][0]["why"]["chosen"]["agency"]
        self.ctl("channel", "set", agency, "webhook", f"http://127.0.0.1:{server.server_port}/")
        self.addCleanup(self.ctl, "channel", "set", agency, "inbox")
        case = self.submitted(needs=demo_intake()["needs"][:1])
        self.addCleanup(self.ctl, "withdraw", case["id"])
        headers, body = wait_for(lambda: got and got[0], 10, "a webhook")
        secret = self.ctl("channel", "secret", agency).stdout.strip()
        key = base64.b64decode(secret[len("whsec_"):])
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], "v1," + signature)


class Fsck(Running):
    """Damage is planted in what nothing touches by itself: clocks tick for hours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net.ctl("submit", INTAKE)
        case_id = json.loads(cls.net.ctl("submit", INTAKE, "--json").stdout)["case"]["id"]
        case = cls.net.settled(case_id)
        cls.case_id = case_id
        cls.case_key = f"{TAG}:case:{case_id}"
        cls.one, cls.two, cls.three = case["referrals"][:3]
        cls.net.ctl("answer", cls.three["id"], "accept")
        cls.told()

    @classmethod
    def told(cls):
        """Nothing waits but clocks and parked needs."""
        busy = [cls.key(stage, *name) for stage in ("match", "notify") for name in (
            ("ready", "emergency"), ("ready", "urgent"), ("ready", "normal"), ("leased",))]
        wait_for(lambda: not any(cls.net.redis.zcard(key) for key in busy), 20, "all work done")

    def setUp(self):
        self.redis = self.net.redis
        self.assertEqual(self.found(status=0), {})

    def tearDown(self):
        self.assertEqual(self.found(status=0), {}, "the test did not repair what it broke")

    def found(self, status=1):
        """What fsck says is wrong, by item, the same for people and for programs."""
        said = self.json("fsck", status=status)
        text = self.ctl("fsck", status=status).stdout
        lines = "".join(f"{v['item']}: {v['what']}\n" for v in said["violations"])
        count = len(said["violations"])
        verdict = "no violation" if count == 0 else f"{count} violation" + "s" * (count != 1)
        self.assertEqual(text, f"{lines}checked {said['cases']} cases, {said['items']} items, {verdict}\n")
        self.assertEqual(said["cases"], len(list(self.redis.scan_iter(match=f"{TAG}:case:*", count=1000))))
        wrong = {}
        for violation in said["violations"]:
            wrong.setdefault(violation["item"], []).append(violation["what"])
        return wrong

    def test_all_items_of_all_stages_are_counted(self):
        there = sum(self.redis.zcard(key) for key in self.redis.scan_iter(match=f"{TAG}:*")
                    if re.search(rb":(match|notify|clock):", key))
        self.assertGreater(there, 0)
        self.assertEqual(self.json("fsck")["items"], there)

    def planted(self, repair, status=1):
        """What fsck finds; the damage, done already, is repaired whatever it says."""
        try:
            return self.found(status)
        finally:
            repair()

    def removed(self, key, member):
        """What fsck finds when a member of a sorted set is missing."""
        score = self.redis.zscore(key, member)
        self.assertEqual(self.redis.zrem(key, member), 1)
        return self.planted(lambda: self.redis.zadd(key, {member: score}))

    def field_set(self, case_id, name, value):
        """What fsck finds when a field of a case is another."""
        before = kept.put(self.redis, case_id, name, value)
        return self.planted(lambda: kept.put(self.redis, case_id, name, before))

    def added(self, key, member):
        """What fsck finds when there is one too many."""
        self.assertEqual(self.redis.zadd(key, {member: 1}), 1)
        return self.planted(lambda: self.redis.zrem(key, member))

    def test_an_item_removed_from_its_set(self):
        wrong = self.removed(self.key("clock", "delayed"), self.one["id"])
        self.assertEqual(wrong[self.one["id"]], ["clock: in 0 sets, should be in 1"])
        self.assertRegex(wrong["clock"][0], r"^\d+ entered, \d+ left, \d+ there$")
        self.assertEqual(set(wrong), {self.one["id"], "clock"})

    def test_an_item_in_two_sets(self):
        wrong = self.added(self.key("clock", "dead"), self.one["id"])
        self.assertEqual(wrong[self.one["id"]], ["clock: in 2 sets, should be in 1"])
        self.assertEqual(set(wrong), {self.one["id"], "clock"})

    def test_an_item_of_no_case(self):
        item = NOWHERE + "-1-1"
        self.assertEqual(set(self.added(self.key("notify", "dead"), item)), {"notify", item})

    def test_a_wrong_open_count(self):
        wrong = self.field_set(self.case_id, "open", 9)
        self.assertEqual(list(wrong), [self.case_id])
        self.assertRegex(wrong[self.case_id][0], r"^open says \d+, is \d+$")

    def held_off_by(self, number, service):
        place = self.key("place", service)
        held = self.redis.hget(place, "held")
        self.redis.hincrby(place, "held", number)
        wrong = self.planted(lambda: self.redis.delete(place) if held is None
                             else self.redis.hset(place, "held", held))
        held = int(held or 0)
        self.assertEqual(wrong, {service: [f"{held + number} places held, {held} accounted for"]})

    def test_a_held_place_too_many(self):
        self.held_off_by(1, self.one["service"])

    def test_a_held_place_too_few(self):
        self.held_off_by(-1, self.one["service"])

    def test_a_place_held_where_nothing_is_offered(self):
        self.held_off_by(1, self.three["service"])

    def test_a_place_held_of_a_service_that_nobody_knows(self):
        self.held_off_by(2, "no-such-service")

    def test_a_service_that_went_to_another_agency_is_no_violation_but_a_real_one_is(self):
        """The inbox of the new agency does not hold the old referrals: all cases have the word."""
        source, version = next(iter(self.redis.hgetall(self.key("directory")).items()))
        key = self.key("service", source.decode(), version.decode())
        document = self.redis.hget(key, self.one["service"])
        moved = json.loads(document)
        moved["organization_id"] = moved["organization"]["id"] = "somebody-else"
        self.redis.hset(key, self.one["service"], json.dumps(moved))
        try:
            self.assertEqual(self.found(status=0), {})
            self.held_off_by(1, self.one["service"])
        finally:
            self.redis.hset(key, self.one["service"], document)

    def test_a_place_that_the_offer_lost(self):
        wrong = self.field_set(self.case_id, "r" + self.one["id"].split("-", 1)[1] + ".place", None)
        self.assertEqual(wrong[self.one["id"]], ["place none in state sent"])
        self.assertEqual(set(wrong), {self.one["id"], self.one["service"]})

    def test_a_broken_chain(self):
        wrong = self.field_set(self.case_id, "chain", "0" * 16)
        self.assertEqual(wrong, {self.case_id: ["hash chain broken"]})

    def test_an_entry_missing_in_the_open_set(self):
        wrong = self.removed(self.key("open"), self.case_id)
        self.assertEqual(wrong[self.case_id], ["open set disagrees"])
        self.assertRegex(wrong["cases"][0], r"^\d+ entered, \d+ left, \d+ open$")

    def test_an_inbox_entry_of_a_closed_referral(self):
        case = self.submitted(needs=demo_intake()["needs"][:1])
        referral = case["referrals"][0]
        self.ctl("withdraw", case["id"])
        self.told()
        wrong = self.added(self.key("inbox", referral["agency"]), referral["id"])
        self.assertEqual(wrong, {referral["id"]: ["closed but in the inbox"]})

    def test_an_open_referral_missing_in_the_inbox(self):
        """Its place is still held and still accounted for."""
        wrong = self.removed(self.key("inbox", self.two["agency"]), self.two["id"])
        self.assertEqual(wrong, {self.two["id"]: ["open but not in the inbox"]})

    def test_a_case_too_damaged_to_be_checked_does_not_hide_the_others(self):
        other = self.submitted(needs=demo_intake()["needs"][:1])["id"]
        kept.put(self.redis, other, "open", 9)
        self.addCleanup(kept.put, self.redis, other, "open", 2)
        for field, said in (("n1", "cannot be checked"), ("head", "no such case")):
            value = self.redis.hget(self.case_key, field)
            self.redis.hdel(self.case_key, field)
            wrong = self.planted(lambda f=field, v=value: self.redis.hset(self.case_key, f, v))
            self.assertEqual(wrong[self.case_id], [said])
            self.assertEqual(wrong[other], ["open says 9, is 2"])
        kept.put(self.redis, other, "open", 2)

    def test_cases_are_found_among_many_other_keys(self):
        others = [self.key("other", str(n)) for n in range(5000)]
        self.redis.mset(dict.fromkeys(others, ""))
        before = kept.put(self.redis, self.case_id, "open", 9)
        self.redis.hincrby(self.key("place", self.one["service"]), "held", 1)

        def repair():
            self.redis.delete(*others)
            kept.put(self.redis, self.case_id, "open", before)
            self.redis.hincrby(self.key("place", self.one["service"]), "held", -1)
        self.assertEqual(set(self.planted(repair)), {self.case_id, self.one["service"]})

    def test_a_living_system_is_not_accused_and_its_damage_is_found(self):
        """Cases come and go while fsck counts; bounded, since the machine is shared."""
        stop, done = threading.Event(), []

        def live():
            body = dict(demo_intake(), needs=demo_intake()["needs"][:2])
            while not stop.is_set():
                case_id = self.net.submit(body).json["case"]["id"]
                self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {})
                done.append(case_id)

        threads = [threading.Thread(target=live) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(8):
                self.assertEqual(self.ctl("fsck").stdout[-13:], "no violation\n")
            for service in (self.one["service"], self.two["service"]):
                self.redis.hincrby(self.key("place", service), "held", 1)
                try:
                    said = self.json("fsck", status=1)["violations"]
                finally:
                    self.redis.hincrby(self.key("place", service), "held", -1)
                self.assertEqual([v["item"] for v in said], [service])
                self.assertRegex(said[0]["what"], r"^\d+ places held, \d+ accounted for$")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertGreater(len(done), 20)
        self.told()


class Usage(unittest.TestCase):
    """Nothing runs, and nothing needs to."""

    def test_help_says_usage_options_and_an_example(self):
        top = run("--help")
        self.assertEqual(top.returncode, 0)
        for command in list(COMMANDS) + ["up", "import", "restart"]:
            self.assertRegex(top.stdout, rf"(?m)^  {command} +\S")
        for command in COMMANDS:
            done = run(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("usage: referralctl [--dir DIR] " + command))
            self.assertIn("\nExample: referralctl " + command, done.stdout)
            self.assertIn("--json", done.stdout)
            self.assertLess(max(map(len, done.stdout.splitlines())), 96 if command != "answer" else 999)

    def test_wrong_usage_is_said_in_one_line_with_status_2(self):
        referral = NOWHERE + "-1-1"
        for words, said in (
                (["submit"], "a word is missing"), (["submit", INTAKE, INTAKE], "one word too many"),
                (["submit", INTAKE, "--key", ""], "--key"), (["submit", INTAKE, "--key", "x" * 129], "--key"),
                (["submit", INTAKE, "--colour"], "no such option: --colour"),
                (["submit", INTAKE, "--key"], "--key wants a value"),
                (["preview", INTAKE, "--most", "11"], "--most wants a number from 1 to 10"),
                (["preview", INTAKE, "--most", "0"], "--most"), (["preview"], "missing"),
                (["cases", "x"], "too many"), (["cases", "--state", "asleep"], "asleep is no state"),
                (["cases", "--phone", "123"], "--phone"), (["cases", "--limit", "-1"], "--limit"),
                (["show"], "missing"), (["show", "x"], "x is no id of a case"),
                (["search", "a", "b"], "too many"), (["search", "--within-km", "5"], "--within-km"), (["search", "--near", "1,2", "--within-km", "far"], "--within-km"),
                (["search", "--near", "91,0"], "--near"),
                (["search", "--near", "1"], "--near"), (["search", "--near", "1,2,3"], "--near"),
                (["search", "--open-at", "noon"], "--open-at"), (["search", "x" * 301], "q: "),
                (["answer", referral], "missing"), (["answer", "x", "accept"], "x is no referral id"),
                (["answer", NOWHERE + "-1", "accept"], "no referral id"),
                (["answer", referral, "adopt"], "adopt is no action"),
                (["answer", referral, "decline", "--reason", "why"], "why is no reason"),
                (["answer", referral, "accept", "--version", "x"], "--version"),
                (["answer", referral, "accept", "--note", "x" * 4001], "--note"),
                (["withdraw", referral], "is no case id"), (["withdraw", NOWHERE, "--need", "0"], "no need"),
                (["withdraw", NOWHERE, "--need", "17"], "no need"),
                (["withdraw", NOWHERE, "--need", "2" * 26 + "-1"], "no need of that case"),
                (["withdraw", NOWHERE, "--need", referral], "no need"),
                (["withdraw", NOWHERE, "--reason", "x"], "no reason"),
                (["qshape", "x"], "too many"), (["fsck", "x"], "too many"),
                (["dead"], "missing"), (["dead", "raise"], "no such verb: raise"),
                (["dead", "ls", "x"], "ls takes no item"), (["dead", "show"], "show wants an item"),
                (["dead", "drop", "--all"], "only replay takes --all"),
                (["dead", "replay", "x", "--all"], "not both"), (["dead", "ls", "--stage", "x"], "x is no stage"),
                (["account"], "missing"), (["account", "add", "agency", "x"], "wants --agency"),
                (["account", "add", "king", "x"], "king is no role"), (["account", "add", "operator"], "a role and a person"),
                (["account", "add", "system", "x"], "our own services"),
                (["account", "add", "operator", "a b"], "without blanks"),
                (["account", "add", "operator", "x" * 65], "1 to 64 bytes"),
                (["account", "add", "operator", "x", "--agency", "y"], "for role agency"),
                (["account", "rm"], "one person"), (["account", "ls", "x"], "no word"), (["account", "x"], "no such verb"),
                (["account", "ls", "--agency", "x"], "only add"),
                (["channel", "set", "a"], "webhook URL, or inbox"), (["channel", "set", "a", "pigeon"], "neither"),
                (["channel", "set", "a", "webhook"], "URL"), (["channel", "set", "a", "webhook", "ftp://x"], "URL"),
                (["channel", "set", "a", "webhook", "https://x y"], "URL"), (["channel", "set", "a", "inbox", "x"], "no address"),
                (["channel", "show", "a", "b"], "one word"), (["channel", "show"], "agency's id"),
                (["channel", "x", "a"], "no such verb")):
            done = run("--dir", "/nowhere", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), (words, done.stderr))
            self.assertTrue(done.stderr.startswith(f"referralctl {words[0]}: "), done.stderr)
            self.assertIn(said, done.stderr, words)
        self.assertIn("legal: no_service", run("answer", referral, "decline", "--reason", "x").stderr)
        self.assertEqual(run("nonsense").returncode, 2)

    def refused_everywhere(self, folder, why):
        for command, words in COMMANDS.items():
            done = run("--dir", folder, *words)
            self.assertEqual((done.returncode, done.stdout), (1, ""), command)
            self.assertEqual(done.stderr, f"referralctl {command}: no Hearthline runs in {folder}: {why}\n")
            done = run(*words, "--json", env=dict(os.environ, REFERRAL_DIR=folder))
            self.assertEqual((done.returncode, json.loads(done.stdout)["code"]), (1, "unavailable"), command)

    def test_where_nothing_runs_that_is_said_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            self.refused_everywhere(folder + "/none", "No such file or directory")
            self.refused_everywhere(folder, "No such file or directory")
            with socket.socket(socket.AF_UNIX) as left_behind:
                left_behind.bind(os.path.join(folder, "redis.sock"))
            self.refused_everywhere(folder, "Connection refused")


class Wire(unittest.TestCase):
    """What goes to the matcher, and what comes of its answers, on a socket of our own."""

    def asked(self, reply, *words):
        """Runs a command; (what the matcher got, the command as it ended)."""
        with tempfile.TemporaryDirectory(prefix="hl-") as folder, socket.socket(socket.AF_UNIX) as store, \
                zmq.Context() as context, context.socket(zmq.ROUTER) as matcher:
            store.bind(os.path.join(folder, "redis.sock"))
            store.listen()
            os.mkdir(os.path.join(folder, "run"))
            matcher.setsockopt(zmq.LINGER, 0)
            matcher.bind(f"ipc://{folder}/run/matcher.1.sock")
            command = subprocess.Popen([CTL, "--dir", folder, *words], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            self.assertTrue(matcher.poll(20000), "nothing was asked")
            peer, question = matcher.recv_multipart()
            decoded = msgpack.unpackb(question)
            for answer in ({"v": 1, "kind": "refused", "id": "another", "status": "absent"}, reply):
                matcher.send_multipart([peer, msgpack.packb({"id": decoded["id"], **answer})])
            matcher.send_multipart([peer, b"no message"])
            out, err = command.communicate(timeout=30)
        return question, decoded, subprocess.CompletedProcess(words, command.returncode, out, err)

    def test_a_preview_tells_the_matcher_nothing_of_who_it_is(self):
        question, decoded, done = self.asked(
            {"v": 1, "kind": "refused", "status": "busy", "retry_after_ms": 1000}, "preview", INTAKE)
        for needle in PERSONAL:
            self.assertNotIn(needle.encode(), question)
        self.assertEqual((decoded["kind"], decoded["most"]), ("preview", 5))
        self.assertEqual(decoded["intake"]["place"]["code"], demo_intake()["place"]["code"])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "referralctl preview: too much waits: try again after the stated time\n")

    def test_a_search_never_asks_for_entries_of_cleared_roles(self):
        _, decoded, done = self.asked({"v": 1, "kind": "found", "services": [], "total": 0}, "search", "x", "--json")
        self.assertIs(decoded["cleared"], False)
        self.assertEqual((done.returncode, json.loads(done.stdout)), (0, {"services": [], "total": 0}))

    def test_an_answer_of_another_kind_is_said_to_be_one(self):
        _, _, done = self.asked({"v": 1, "kind": "previewed", "needs": [{"term": "x", "why": {}}]}, "search")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("an answer that was not expected", done.stderr)

    def test_what_a_directory_holds_cannot_command_a_terminal(self):
        evil = {"id": "s1", "name": "a\x1b]0;evil\x07b", "agency": "a1", "terms": []}
        _, _, done = self.asked({"v": 1, "kind": "found", "services": [evil], "total": 1}, "search")
        self.assertIn("a?]0;evil?b", done.stdout)
        self.assertNotIn("\x1b", done.stdout)


class Trouble(Running):
    def test_a_service_that_does_not_answer_is_named(self):
        for name, words, said in (
                ("intake.1", ["submit", INTAKE], "intake does not answer; it may or may not be done, repeat it"),
                ("matcher.1", ["search"], "the matcher does not answer")):
            os.kill(self.net.pid(name), signal.SIGSTOP)
            try:
                done = self.ctl(*words, status=1)
            finally:
                os.kill(self.net.pid(name), signal.SIGCONT)
            self.assertEqual(done.stderr, f"referralctl {words[0]}: {said}\n")
            self.ctl(*words)

    def test_a_command_outlives_a_restart_of_intake(self):
        old = self.net.pid("intake.1")
        os.kill(old, signal.SIGKILL)
        self.ctl("submit", INTAKE)
        self.ctl("fsck")

    def test_a_missing_key_is_named(self):
        os.rename(os.path.join(self.net.dir, "keys/index.key"), os.path.join(self.net.dir, "keys/away"))
        try:
            done = self.ctl("cases", "--phone", "+380441112233", status=1)
            self.ctl("cases")
        finally:
            os.rename(os.path.join(self.net.dir, "keys/away"), os.path.join(self.net.dir, "keys/index.key"))
        self.assertIn("keys/index.key", done.stderr)


if __name__ == "__main__":
    unittest.main()
