# SPDX-License-Identifier: Apache-2.0
"""What operations decide about matching holds at once, is kept with every decision, and can be tried and undone."""

import concurrent.futures
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402


class Policy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network()
        cls.addClassCleanup(cls.net.close)
        cls.net.start(60)

    def file(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".policy")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def policy(self, *words):
        """What `policy WORDS` answers as JSON."""
        return json.loads(self.net.ctl("policy", *words, "--json").stdout)

    def version(self):
        return self.policy("show")["version"]

    def preview(self, **query):
        path = "/api/v1/matches" + "".join(f"?{k}={v}" for k, v in query.items())
        return self.net.http("POST", path, demo_intake()).json["needs"]

    def apply(self, text, *words):
        """Takes a text into force and waits until the matcher decides by it."""
        done = self.policy("apply", self.file(text), *words)
        wait_for(lambda: self.preview()[0]["why"].get("policy") == done["version"], 10, "the matcher to follow")
        return done

    def offered(self):
        case_id = self.net.submit(demo_intake()).json["case"]["id"]
        return self.net.settled(case_id)["referrals"]

    def test_a_policy_holds_without_a_restart_and_its_version_is_stored_with_each_decision(self):
        before = self.preview()[0]["why"]["chosen"]
        done = self.apply("[weight]\ndistance = 90\n", "--by", "olena")
        self.assertEqual(done["changed"], {"weight.distance": {"before": 30.0, "after": 90.0}})
        after = self.preview()[0]["why"]["chosen"]
        self.assertGreater(after["parts"][0]["points"], before["parts"][0]["points"])
        referral = self.offered()[0]
        self.assertEqual(referral["why"]["policy"], done["version"])
        self.assertIn(f"policy: version {done['version']}", self.net.ctl("show", referral["id"]).stdout)
        newest = self.policy("history")["policies"][0]
        self.assertEqual((newest["version"], newest["by"]), (done["version"], "olena"))

    def test_an_earlier_policy_comes_into_force_again_as_a_new_version(self):
        first = self.apply("[weight]\ndistance = 50\n")["version"]
        second = self.apply("[weight]\ndistance = 60\n")["version"]
        back = self.policy("rollback", str(first))
        self.assertEqual(back["version"], second + 1)
        self.assertEqual(self.policy("show")["text"], self.policy("show", str(first))["text"])
        self.assertEqual(self.policy("rollback", "0")["version"], second + 2)
        self.assertIn("distance = 30\n", self.policy("show")["text"])
        self.assertEqual(self.net.ctl("policy", "rollback", "999", check=False).returncode, 1)

    def test_what_is_shown_can_be_applied_and_changes_nothing(self):
        shown = self.net.ctl("policy", "show").stdout
        self.assertEqual(self.apply(shown)["changed"], {})

    def test_a_file_that_is_not_legal_is_refused_by_the_name_of_the_value(self):
        before = self.version()
        for text, says in (("[weight]\ndistance = 500\n", "weight.distance: 500 is not legal; legal: 0 to 100 km"),
                           ("[weight]\nnear = 5\n", "weight.near: there is no such value"),
                           ("[weight]\nfull = -20\n", "weight.full")):
            for verb in ("check", "apply"):
                done = self.net.ctl("policy", verb, self.file(text), check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(says, done.stderr)
        self.assertEqual(self.version(), before)
        self.assertEqual(self.net.ctl("policy", "check", self.file("[weight]\nhousehold = 7\n")).returncode, 0)

    def test_a_dry_run_tells_which_offers_would_have_gone_elsewhere_and_changes_nothing(self):
        referrals = self.offered()
        before = self.version()
        same = self.policy("apply", "--dry-run", self.file(self.policy("show")["text"]))
        self.assertEqual((same["elsewhere"], same["unread"]), (0, 0))
        self.assertGreaterEqual(same["decisions"], len(referrals))
        # The way, the places and all else count for nothing: whoever has a free place is as good.
        other = self.policy("apply", "--dry-run", self.file(
            "[weight]\ndistance = 0\ncapacity = 0\nlanguage = 0\nhousehold = 0\nresponse = 0\nunknowns = -10\n"
            "opening = 100\nfull = -1000\nspecificity = 0\npreference = 0\n"))
        self.assertEqual(other["decisions"], same["decisions"])
        self.assertGreater(other["elsewhere"], 0)
        example = other["examples"][0]
        self.assertNotEqual(example["before"], example["after"])
        self.assertEqual(self.version(), before)

    def test_no_agency_has_more_open_referrals_than_the_policy_allows_however_many_come_at_once(self):
        sizes = lambda: {key: self.net.redis.zcard(key) for key in self.net.redis.scan_iter(match=f"{TAG}:inbox:*")}  # noqa: E731
        self.apply("[load]\nagency_open = 2\n")
        before = sizes()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            cases = list(pool.map(lambda _: self.net.submit(demo_intake()).json["case"]["id"], range(20)))
        needs = [need for case_id in cases for need in self.net.settled(case_id)["needs"]]
        for key, size in sizes().items():
            self.assertLessEqual(size, max(2, before.get(key, 0)), key)
        self.assertIn("parked", {need["state"] for need in needs})
        self.assertIn(2, sizes().values())
        self.policy("rollback", "0")

    def test_a_need_that_waits_for_a_limit_is_offered_as_soon_as_the_agency_has_one_less(self):
        with Network(settings={"limits.park_look": "1 h"}) as net:
            net.ctl("policy", "apply", self.file("[load]\nagency_open = 1\n"))
            wait_for(lambda: net.http("POST", "/api/v1/matches", demo_intake()).json["needs"][0]["why"].get("policy"),
                     10, "the matcher to follow")
            offered = {}  # by agency
            while not (limited := list(net.redis.scan_iter(match=f"{TAG}:limited:*"))):
                case = net.settled(net.submit(demo_intake()).json["case"]["id"])
                offered.update((referral["agency"], referral) for referral in case["referrals"])
            parked = net.redis.srandmember(limited[0]).decode()
            referral = offered[limited[0].decode().split(":", 2)[2]]
            net.answer(referral["id"], "accept", referral["version"])
            self.assertEqual(case["needs"][int(parked[-1]) - 1]["reason"], "at_limit")
            net.answer(referral["id"], "complete", referral["version"] + 1, "helped")
            wait_for(lambda: net.case(parked[:26])["needs"][int(parked[-1]) - 1]["state"] == "offered", 10,
                     "the need to be offered")

    def test_needs_of_siblings_go_to_one_service_and_in_an_emergency_to_one_agency_at_a_time(self):
        intake = {**demo_intake(), "urgency": "emergency"}
        term = intake["needs"][0]["term"]
        children = [i for i, member in enumerate(intake["household"]["members"]) if member["role"] == "child"]
        intake["needs"] = [{"term": term, "for": [child]} for child in children]
        self.assertGreater(len(children), 1)
        with Network() as net:
            case = net.settled(net.submit({**intake, "needs": [{"term": term}]}).json["case"]["id"])
            self.assertEqual(len(case["referrals"]), 2)
            case = net.settled(net.submit(intake).json["case"]["id"])
            self.assertEqual({need["state"] for need in case["needs"]}, {"offered"})
            self.assertEqual(len(case["referrals"]), len(children))
            self.assertEqual(len({referral["service"] for referral in case["referrals"]}), 1)

    def test_what_was_measured_is_told_as_sentences_in_the_language_of_the_asker(self):
        says = self.preview(lang="uk")[0]["why"]["says"]
        self.assertRegex(says[0], "^Відстань у кілометрах: [0-9.]+\\.$")
        self.assertEqual(self.preview()[0]["why"]["says"], [])
        referral = self.offered()[0]
        case_id = referral["id"].rsplit("-", 2)[0]
        told = self.net.http("GET", f"/api/v1/cases/{case_id}?lang=ru").json["case"]["referrals"]
        self.assertRegex(told[0]["why"]["says"][0], "^Расстояние в километрах: ")
        self.assertIn("The way there in kilometres: ", self.net.ctl("show", case_id, "--lang", "en").stdout)


if __name__ == "__main__":
    unittest.main()
