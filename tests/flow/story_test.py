# SPDX-License-Identifier: Apache-2.0
"""One family's needs go to the right agencies and back, on real processes and a real Redis."""

import os
import sys
import unittest
from types import SimpleNamespace

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "bench")]
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402
from load import intakes_for  # noqa: E402
from stand import Monitor  # noqa: E402

SEED = 20261122
OFFER_CANDIDATES = 16  # of a call of hl_offer: service, agency, reasons, age and limits of each from here on


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(settings={"clocks.urgent_expire": "6 s", "clocks.urgent_remind": "0",
                                    "clocks.urgent_escalate": "0"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def test_accepted_declined_and_silent_end_as_they_should(self):
        net = self.net
        created = net.submit(demo_intake())
        self.assertEqual(created.status, 201)
        case_id = created.json["case"]["id"]
        self.assertEqual(len(created.json["case"]["needs"]), 3)
        case = net.settled(case_id)
        self.assertEqual([n["state"] for n in case["needs"]], ["offered"] * 3)
        first = {r["need"]: r for r in case["referrals"]}
        one, two, three = [first[n["id"]] for n in case["needs"]]
        for referral in (one, two, three):
            self.assertEqual(referral["why"]["chosen"]["service"], referral["service"])
            self.assertGreater(len(referral["why"]["chosen"]["rules"]), 5)
            self.assertAlmostEqual(sum(p["points"] for p in referral["why"]["chosen"]["parts"]),
                                   referral["why"]["chosen"]["score"], places=2)
        self.assertEqual(net.answer(one["id"], "accept", one["version"]).status, 200)
        self.assertEqual(net.answer(two["id"], "decline", two["version"], reason="full").status, 200)
        # The third stays silent: its clock runs out and the need is matched elsewhere.

        def again():
            case = net.case(case_id)
            by_id = {r["id"]: r for r in case["referrals"]}
            others = [r for r in case["referrals"] if r["id"] not in (one["id"], two["id"], three["id"])]
            needs = {n["id"]: n["state"] for n in case["needs"]}
            return by_id[three["id"]]["state"] == "expired" and len(others) >= 2 and \
                needs[one["need"]] == "in_service" and case
        case = wait_for(again, 30, "declined and silent routed again")
        by_id = {r["id"]: r for r in case["referrals"]}
        self.assertEqual(by_id[two["id"]]["state"], "declined")
        self.assertEqual(by_id[two["id"]]["reason"], "full")
        self.assertEqual(by_id[three["id"]]["reason"], "not_answered")
        services = {}
        for referral in case["referrals"]:
            services.setdefault(referral["need"], []).append(referral["service"])
        for tried in services.values():
            self.assertEqual(len(tried), len(set(tried)), "a service got the same need twice")
        self.assertEqual(net.violations(), [])

    def test_an_emergency_goes_to_two_agencies_and_the_first_to_accept_keeps_it(self):
        net = self.net
        case_id = net.submit(dict(demo_intake("single-father"), urgency="emergency")).json["case"]["id"]
        case = net.settled(case_id)
        need = case["needs"][0]["id"]
        first, second = [r for r in case["referrals"] if r["need"] == need]
        self.assertNotEqual(first["agency"], second["agency"])
        self.assertEqual(second["why"]["chosen"]["service"], second["service"])
        self.assertEqual(net.answer(second["id"], "accept", second["version"]).status, 200)
        too_late = net.answer(first["id"], "accept", first["version"])
        self.assertEqual((too_late.status, too_late.json["code"]), (409, "illegal_move"))
        case = net.case(case_id)
        states = {r["id"]: (r["state"], r.get("reason")) for r in case["referrals"]}
        self.assertEqual(states[first["id"]], ("cancelled", "accepted_elsewhere"))
        self.assertEqual(states[second["id"]][0], "accepted")
        self.assertEqual({n["id"]: n["state"] for n in case["needs"]}[need], "in_service")
        self.assertEqual(net.violations(), [])

    def test_the_same_key_and_body_is_the_same_case(self):
        intake = demo_intake("single-father")
        first = self.net.submit(intake, key="same")
        again = self.net.submit(intake, key="same")
        other = self.net.submit(dict(intake, urgency="emergency"), key="same")
        self.assertEqual((first.status, again.status, other.status), (201, 200, 409))
        self.assertEqual(first.json["case"]["id"], again.json["case"]["id"])

    def test_a_second_accept_names_the_current_state(self):
        case_id = self.net.submit(demo_intake("foster-family")).json["case"]["id"]
        referral = self.net.settled(case_id)["referrals"][0]
        self.assertEqual(self.net.answer(referral["id"], "accept", referral["version"], key="k1").status, 200)
        twice = self.net.answer(referral["id"], "accept", referral["version"], key="k1")
        self.assertEqual(twice.status, 200, "the same command again is success")
        other = self.net.answer(referral["id"], "accept", referral["version"], key="k2")
        self.assertEqual(other.status, 409)
        self.assertEqual(other.json["state"], "accepted")
        stale = self.net.answer(referral["id"], "start", referral["version"], key="k3")
        self.assertEqual(stale.status, 412)

    def test_withdrawing_ends_needs_and_recalls_offers(self):
        case_id = self.net.submit(demo_intake("disability-family")).json["case"]["id"]
        self.net.settled(case_id)
        done = self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {"reason": "withdrawn"})
        self.assertEqual(done.status, 200)
        case = self.net.case(case_id)
        self.assertEqual({n["state"] for n in case["needs"]}, {"withdrawn"})
        self.assertEqual({r["state"] for r in case["referrals"]}, {"cancelled"})
        self.assertEqual(case["open"], False)
        wait_for(lambda: any(t["action"] == "recall" for t in self.net.case(case_id)["timeline"]), 10,
                 "the recall")
        self.assertEqual(self.net.violations(), [])

    def test_an_amendment_adds_a_need_and_changes_the_place(self):
        created = self.net.submit(demo_intake("flood-family"))
        case_id = created.json["case"]["id"]
        case = self.net.settled(case_id)
        change = {"add_needs": [{"term": "food.packages"}], "contact": {"name": "Нове ім'я"}}
        missing = self.net.http("PATCH", f"/api/v1/cases/{case_id}", change)
        self.assertEqual(missing.status, 428)
        done = self.net.http("PATCH", f"/api/v1/cases/{case_id}", change,
                             headers={"If-Match": f'"{case["version"]}"'})
        self.assertEqual(done.status, 200, done.body)
        after = self.net.settled(case_id)
        self.assertEqual(len(after["needs"]), len(case["needs"]) + 1)
        self.assertEqual(after["contact"]["name"], "Нове ім'я")
        stale = self.net.http("PATCH", f"/api/v1/cases/{case_id}", change,
                              headers={"If-Match": f'"{case["version"]}"'})
        self.assertEqual(stale.status, 412)

    def test_who_may_see_a_family_sees_it_as_it_was_given_amended_or_not(self):
        intake = demo_intake("flood-family")
        intake["place"].update(lat=48.923741, lon=24.709956, text="вул. Тестова 5")
        intake["needs"] = [dict(need, note=f"note {i}") if i else dict(need)
                           for i, need in enumerate(intake["needs"] + [{"term": "food.packages"}])]
        intake["preferences"] = {"deny_agencies": ["none"]}

        def assert_given(case):
            for part in ("place", "household", "contact", "preferences", "consent"):
                self.assertEqual(present(case[part]), present(intake[part]), part)
            self.assertEqual([n.get("note") for n in case["needs"]], [n.get("note") for n in intake["needs"]])

        def present(value):
            if isinstance(value, dict):
                return {k: present(v) for k, v in value.items() if v != []}
            return [present(v) for v in value] if isinstance(value, list) else value
        case_id = self.net.submit(intake).json["case"]["id"]
        case = self.net.settled(case_id)
        assert_given(case)
        change = {"add_needs": [{"term": "food.packages", "note": "another"}],
                  "household": {"type": "couple", "members": [{"role": "parent", "age": "refused"}] * 5}}
        done = self.net.http("PATCH", f"/api/v1/cases/{case_id}", change,
                             headers={"If-Match": f'"{case["version"]}"'})
        self.assertEqual(done.status, 200, done.body)
        intake["household"] = change["household"]
        intake["needs"] += change["add_needs"]
        assert_given(self.net.case(case_id))

    def test_each_referral_keeps_an_explanation_of_its_own(self):
        intake = demo_intake()
        previewed = self.net.http("POST", "/api/v1/matches", intake).json["needs"]
        case = self.net.settled(self.net.submit(intake).json["case"]["id"])
        kept = {r["need"]: r["why"] for r in case["referrals"] if r["id"].endswith("-1")}
        nearest = set()
        for need, found in zip(case["needs"], previewed):
            if need["id"] in kept and found["why"]["refusals"]:
                nearest.add(found["why"]["refusals"][0]["service"])
                self.assertEqual(kept[need["id"]]["refusals"][0]["service"], found["why"]["refusals"][0]["service"])
                self.assertEqual(kept[need["id"]]["refusals"][0]["rule"], found["why"]["refusals"][0]["rule"])
                self.assertEqual(kept[need["id"]]["refusals_by_rule"], found["why"]["refusals_by_rule"])
                self.assertEqual(kept[need["id"]]["chosen"]["rules"], sorted(
                    found["why"]["chosen"]["rules"], key=lambda rule: rule["verdict"] != "pass"))
        self.assertGreater(len(nearest), 1, "refused services differ by need")

    def test_an_explanation_of_another_form_is_left_out_and_named_in_the_log(self):
        case = self.net.settled(self.net.submit(demo_intake()).json["case"]["id"])
        one, *others = case["referrals"]
        field = "r" + one["id"].split("-", 1)[1] + ".why"
        packed = self.net.redis.hget(f"{TAG}:case:{case['id']}", field)
        self.net.redis.hset(f"{TAG}:case:{case['id']}", field, b"\x01" + packed[1:])
        shown = {r["id"]: r for r in self.net.case(case["id"])["referrals"]}
        self.assertNotIn("why", shown[one["id"]])
        self.assertEqual(shown[others[0]["id"]]["why"], others[0]["why"])
        self.assertIn(f'"event":"explanation_unreadable","referral":"{one["id"]}"', self.net.logs())

    def test_no_consent_parks_the_needs_until_it_is_given(self):
        intake = demo_intake()
        del intake["consent"]
        case_id = self.net.submit(intake).json["case"]["id"]
        case = self.net.settled(case_id)
        self.assertEqual({(n["state"], n["reason"]) for n in case["needs"]}, {("parked", "no_consent")})
        given = self.net.http("PATCH", f"/api/v1/cases/{case_id}", {"consent": demo_intake()["consent"]},
                              headers={"If-Match": f'"{case["version"]}"'})
        self.assertEqual(given.status, 200)
        wait_for(lambda: {n["state"] for n in self.net.case(case_id)["needs"]} == {"offered"}, 10,
                 "needs offered once consent is there")

    def free_places(self, service):
        """None where they are not counted."""
        available, held = self.net.redis.hmget(f"{TAG}:place:{service}", "available", "held")
        return None if available is None else int(available) - int(held or 0)

    def test_an_offer_names_no_service_after_one_that_surely_has_a_place(self):
        monitor = Monitor(SimpleNamespace(socket=self.net.endpoints["redis"], redis=self.net.redis))
        for intake in intakes_for(self.net, 30, SEED):
            self.net.settled(self.net.submit(dict(intake, urgency="normal")).json["case"]["id"])
        offers = [[service.decode() for service in call[OFFER_CANDIDATES::5]]
                  for call in monitor.calls() if call[1] == b"hl_offer"]
        counts = {len(services) for services in offers}
        self.assertTrue({1, 4} <= counts, f"both kinds should come, not {counts}")
        for services in offers:
            for service in services[:-1]:
                self.assertLessEqual(self.free_places(service) or 0, 256)
                self.assertIsNotNone(self.free_places(service), f"{service} before another one")


if __name__ == "__main__":
    unittest.main()
