# SPDX-License-Identifier: Apache-2.0
"""Agencies are told, in order and signed; silence, refusals and full services are acted upon."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import DEMO, TAG, Network, demo_intake, wait_for  # noqa: E402


class Receiver:
    """An agency's web server; `answers` says what each path is answered, in order, 204 after that."""

    def __init__(self):
        self.got, self.answers = [], {}
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    receiver.got.append((self.path, dict(self.headers.items()), body, time.monotonic()))
                    planned = receiver.answers.get(self.path, [])
                    status = planned.pop(0) if len(planned) > 1 else planned[0] if planned else 204
                    receiver.changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, agency):
        return f"http://127.0.0.1:{self.server.server_port}/{agency}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def of(self, referral):
        """What was received about a referral: (headers, data, body, when)."""
        with self.changed:
            return [(h, d["data"], b, at) for (_, h, b, at) in self.got
                    for d in [json.loads(b)] if d["data"]["referral"] == referral]

    def purposes(self, referral):
        return [data["purpose"] for _, data, _, _ in self.of(referral)]


def verified(secret, headers, body):
    """Standard Webhooks: base64 of HMAC-SHA256 over id.timestamp.body, the key behind whsec_."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")


class Told(unittest.TestCase):
    """One network for all tests of a class; each speaks of its own cases."""

    SETTINGS = {}

    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.net = Network(settings={"notifier.webhook_private": "yes", "limits.claim_every": "20 ms",
                                    "limits.backoff_first": "100 ms", "limits.backoff_most": "400 ms",
                                    **cls.SETTINGS})
        cls.addClassCleanup(cls.net.close)
        cls.net.start()
        cls.services = {}
        offset = 0
        while offset is not None:
            page = cls.net.http("GET", f"/api/v1/services?offset={offset}", role="supervisor").json
            cls.services.update((s["id"], s) for s in page["services"])
            offset = page.get("next")
        for agency in {s["agency"] for s in cls.services.values()}:
            done = cls.net.http("PUT", f"/api/v1/agencies/{agency}/channel", role="coordinator",
                                body={"channel": "webhook", "address": cls.receiver.url(agency)})
            assert done.status == 204, done.body

    def setUp(self):
        self.receiver.answers.clear()
        self.cases = []

    def tearDown(self):
        self.assertEqual(self.net.violations(), [])
        for case_id in self.cases:  # so that nobody waits for a place that a later test frees
            self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {})

    def secret(self, agency):
        return self.net.ctl("channel", "secret", agency).stdout.strip()

    def intake(self, term, urgency="urgent"):
        """Without a place no service is too far, so that many fit."""
        intake = dict(demo_intake(), urgency=urgency, needs=[{"term": term}],
                      contact={"name": f"Family {uuid.uuid4().hex[:8]}", "phone": "+380342550190"})
        del intake["place"]
        return intake

    def submit(self, term, urgency="urgent", agency=None):
        intake = dict(self.intake(term, urgency), **({"preferences": {"agency": agency}} if agency else {}))
        created = self.net.submit(intake)
        self.assertEqual(created.status, 201, created.body)
        self.cases.append(created.json["case"]["id"])
        return self.cases[-1]

    def referral(self, case_id, number=-1):
        """The case's referral once there is one."""
        def look():
            referrals = self.net.case(case_id)["referrals"]
            return referrals[number] if referrals else None
        return wait_for(look, 20, "an offer")

    def told(self, referral, purposes, seconds=20):
        wait_for(lambda: self.receiver.purposes(referral) == purposes, seconds,
                 f"{purposes} (are {self.receiver.purposes(referral)})")
        return self.receiver.of(referral)

    def state(self, case_id, referral, state):
        def look():
            return [r for r in self.net.case(case_id)["referrals"] if r["id"] == referral
                    and r["state"] == state]
        return wait_for(look, 20, f"{referral} {state}")[0]

    def agency_of(self, term):
        """The agency that gets the next need of this term: the receiver answers before it asks."""
        return self.best(self.intake(term))["agency"]

    def best(self, intake):
        found = self.net.http("POST", "/api/v1/matches", intake).json
        return found["needs"][0]["why"].get("chosen", {})


class Webhooks(Told):
    SETTINGS = {"limits.failures_most": 4}

    def test_a_telling_is_signed_with_the_agency_s_own_secret(self):
        case_id = self.submit("legal.documents")
        referral = self.referral(case_id)
        headers, data, body, _ = self.told(referral["id"], ["offer"])[0]
        secret = self.secret(referral["agency"])
        self.assertTrue(verified(secret, headers, body))
        other = next(s["agency"] for s in self.services.values() if s["agency"] != referral["agency"])
        self.assertFalse(verified(self.secret(other), headers, body), "agencies share a secret")
        self.assertFalse(verified(secret, headers, body.replace(b"offer", b"offes")))
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual((data["agency"], data["service"], data["urgency"], data["term"]),
                         (referral["agency"], referral["service"], "urgent", "legal.documents"))
        self.assertNotIn(b"Family", body)
        self.state(case_id, referral["id"], "delivered")

    def test_a_question_whether_places_hold_is_told_once_to_the_agencys_webhook_and_its_fate_is_seen(self):
        own = self.net.tokens["agency"]["agency"]
        mine = next(s for s in self.services.values() if s["agency"] == own)
        other = next(s for s in self.services.values() if s["agency"] != own)
        self.receiver.answers = {f"/{own}": [503, 204], f"/{other['agency']}": [410]}
        old = int((time.time() - 8 * 86400) * 1000)
        for service in (mine["id"], other["id"]):
            self.assertEqual(self.net.http("PUT", f"/api/v1/services/{service}/capacity", {"available": 3}, "coordinator").status, 204)
            self.net.redis.hset(f"{TAG}:place:{service}", "reported_at", old)
            self.net.redis.zadd(f"{TAG}:reported", {service: old})

        def asked():
            inbox = self.net.http("GET", "/api/v1/inbox", role="agency").json
            return next((c for c in inbox["confirmations"] if c["service"] == mine["id"] and "told_at" in c), None)
        entry = wait_for(asked, 30, "the agency is told")
        self.assertEqual((entry["tries"], "undeliverable" in entry), (2, False))
        told = [(h, json.loads(b), b) for _, h, b, _ in self.receiver.got if json.loads(b)["type"] == "service.confirm"]
        own_ones = [(h, said, b) for h, said, b in told if said["data"]["service"] == mine["id"]]
        self.assertEqual(len(own_ones), 2)
        self.assertEqual(len({h["webhook-id"] for h, _, _ in own_ones}), 1)
        for headers, said, body in own_ones:
            self.assertTrue(verified(self.secret(own), headers, body))
            self.assertEqual((said["data"]["agency"], said["data"]["purpose"], said["data"]["referral"]), (own, "confirm", ""))
        wait_for(lambda: self.net.redis.hget(f"{TAG}:place:{other['id']}", "asked_told") in (b"-", "-"), 20, "given up")
        self.assertEqual(sum(said["data"]["service"] == other["id"] for _, said, _ in told), 1)
        self.assertEqual(self.net.http("POST", f"/api/v1/services/{mine['id']}/confirm", role="agency").status, 200)
        self.assertIsNone(asked())

    def test_a_telling_that_failed_is_repeated_under_the_same_id_until_it_is_heard(self):
        agency = self.agency_of("goods.baby")
        self.receiver.answers[f"/{agency}"] = [503, 500, 204]
        case_id = self.submit("goods.baby", agency=agency)
        referral = self.referral(case_id)
        self.assertEqual(referral["agency"], agency)
        tries = self.told(referral["id"], ["offer"] * 3)
        self.assertEqual(len({h["webhook-id"] for h, _, _, _ in tries}), 1)
        self.assertTrue(all(verified(self.secret(agency), h, b) for h, _, b, _ in tries))
        waits = [b[3] - a[3] for a, b in zip(tries, tries[1:])]
        self.assertGreaterEqual(waits[0], 0.05, "half of the first delay at least")
        self.assertGreaterEqual(waits[1], 0.1, "the delay doubles")
        self.state(case_id, referral["id"], "delivered")

    def test_a_receiver_that_is_gone_makes_a_dead_letter_that_replay_delivers(self):
        agency = self.agency_of("food.infant")
        self.receiver.answers[f"/{agency}"] = [410, 204]
        case_id = self.submit("food.infant", agency=agency)
        referral = self.referral(case_id)["id"]

        def listed():
            letters = json.loads(self.net.ctl("dead", "ls", "--json").stdout)["dead"]
            return [letter for letter in letters if letter["item"] == referral]
        letter = wait_for(listed, 20, "the dead letter")[0]
        self.assertEqual((letter["stage"], letter["state"], letter["agency"]), ("notify", "queued", agency))
        self.assertEqual(self.receiver.purposes(referral), ["offer"], "410 was tried again")
        self.assertIn(referral, self.net.ctl("dead", "ls").stdout)
        self.assertIn(referral, self.net.ctl("dead", "show", referral).stdout)
        self.assertEqual(self.net.violations(), [])
        self.assertIn("replayed notify " + referral, self.net.ctl("dead", "replay", referral).stdout)
        tries = self.told(referral, ["offer", "offer"])
        self.assertEqual(len({h["webhook-id"] for h, _, _, _ in tries}), 1)
        self.state(case_id, referral, "delivered")
        self.assertEqual(listed(), [])
        self.assertEqual(self.net.ctl("dead", "replay", referral, check=False).returncode, 1)

    def test_after_so_many_failures_a_telling_is_a_dead_letter_and_its_need_still_open(self):
        agency = self.agency_of("food.hot_meals")
        self.receiver.answers[f"/{agency}"] = [503]
        case_id = self.submit("food.hot_meals", agency=agency)
        referral = self.referral(case_id)["id"]
        wait_for(lambda: referral in self.net.ctl("dead", "ls").stdout, 20, "the dead letter")
        self.assertEqual(self.receiver.purposes(referral), ["offer"] * 4)
        case = self.net.case(case_id)
        self.assertEqual(case["needs"][0]["state"], "offered")
        # Its clock goes on, and the agency still finds it in its inbox and may accept it.
        self.assertIsNotNone(self.net.redis.zscore(f"{TAG}:clock:delayed", referral))
        self.receiver.answers[f"/{agency}"] = [204]
        self.net.answer(referral, "accept", self.referral(case_id)["version"])
        self.assertEqual(self.net.case(case_id)["needs"][0]["state"], "in_service")
        self.assertIn(referral, self.net.ctl("dead", "drop", referral).stdout)

    def test_a_withdrawn_offer_is_recalled_once_it_was_heard(self):
        case_id = self.submit("legal.idp_registration")
        referral = self.referral(case_id)["id"]
        self.state(case_id, referral, "delivered")
        done = self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {"reason": "withdrawn"})
        self.assertEqual(done.status, 200)
        tellings = self.told(referral, ["offer", "recall"])
        self.assertEqual(len({h["webhook-id"] for h, _, _, _ in tellings}), 2)

    def test_what_is_told_by_a_webhook_is_delivered_once_and_the_notifier_counts_it(self):
        def delivered(name):
            return self.net.metric(name, "referral_delivered_seconds_count")
        before, with_offers = delivered("notifier.1"), delivered("matcher.1")
        case_id = self.submit("legal.documents")
        referral = self.referral(case_id)["id"]
        self.state(case_id, referral, "delivered")
        wait_for(lambda: delivered("notifier.1") > before, 20, "the delivery counted")
        self.assertEqual(delivered("matcher.1"), with_offers, "counted twice")
        lines = [(t["action"], t.get("from"), t["to"]) for t in self.net.case(case_id)["timeline"] if t["item"] == referral]
        self.assertEqual(lines, [("offer", None, "queued"), ("send", "queued", "sent"), ("deliver", "sent", "delivered")])

    def test_a_webhook_that_is_set_while_an_offer_is_out_hears_what_follows(self):
        agency = self.agency_of("legal.idp_registration")
        channel, own = f"/api/v1/agencies/{agency}/channel", {"channel": "webhook", "address": self.receiver.url(agency)}
        self.assertEqual(self.net.http("PUT", channel, {"channel": "inbox"}, role="coordinator").status, 204)
        self.addCleanup(self.net.http, "PUT", channel, own, role="coordinator")
        case_id = self.submit("legal.idp_registration", agency=agency)
        referral = self.referral(case_id)
        self.assertEqual((referral["agency"], referral["state"], referral["version"]), (agency, "sent", 1))
        self.assertEqual(self.net.http("PUT", channel, own, role="coordinator").status, 204)
        self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {"reason": "withdrawn"})
        self.told(referral["id"], ["recall"])

    def test_a_webhook_of_an_agency_without_a_service_is_refused_and_nothing_is_kept(self):
        agency = "5959d357-9f03-5bb3-94c0-b1474af31f00"
        done = self.net.http("PUT", f"/api/v1/agencies/{agency}/channel", {"channel": "webhook", "address": "https://a.example"},
                             role="coordinator")
        self.assertEqual((done.status, done.json["code"]), (404, "absent"), done.body)
        self.assertFalse(self.net.redis.hexists(f"{TAG}:channel", agency))
        self.assertEqual(self.net.http("PUT", f"/api/v1/agencies/{agency}/channel", {"channel": "inbox"},
                                       role="coordinator").status, 204)

    def test_an_offer_that_was_never_heard_is_not_recalled(self):
        agency = self.agency_of("transport.medical")
        self.receiver.answers[f"/{agency}"] = [410, 204]
        case_id = self.submit("transport.medical", agency=agency)
        referral = self.referral(case_id)["id"]
        self.assertEqual(self.referral(case_id)["agency"], agency)
        wait_for(lambda: referral in self.net.ctl("dead", "ls").stdout, 20, "the dead letter")
        self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {"reason": "withdrawn"})
        self.assertEqual(self.net.case(case_id)["open"], False)
        self.assertNotIn(referral, self.net.ctl("dead", "ls").stdout)
        # Whatever was to be told is told before this one: it comes later from the same matcher.
        after = self.submit("transport.medical")
        self.told(self.referral(after)["id"], ["offer"])
        self.assertEqual(self.receiver.purposes(referral), ["offer"])

    def test_an_agency_that_declines_itself_is_told_nothing_more(self):
        agency = self.net.tokens["agency"]["agency"]
        terms = sorted({s["terms"][0] for s in self.services.values() if s["agency"] == agency and s["terms"]})
        intakes = [dict(self.intake(term), preferences={"agency": agency}) for term in terms]
        intake = next(i for i in intakes if self.best(i).get("agency") == agency)
        case_id = self.net.submit(intake).json["case"]["id"]
        referral = self.referral(case_id, 0)
        self.assertEqual(referral["agency"], agency)
        referral = self.state(case_id, referral["id"], "delivered")
        done = self.net.answer(referral["id"], "decline", referral["version"], reason="criteria", role="agency")
        self.assertEqual(done.status, 200, done.body)
        wait_for(lambda: len(self.net.case(case_id)["referrals"]) == 2, 20, "the next offer")
        self.told(self.referral(case_id)["id"], ["offer"])
        self.assertEqual(self.receiver.purposes(referral["id"]), ["offer"])


class Clocks(Told):
    SETTINGS = {"clocks.urgent_remind": "300 ms", "clocks.urgent_escalate": "600 ms",
                "clocks.urgent_expire": "1200 ms", "clocks.normal_remind": "0", "clocks.normal_escalate": "500 ms",
                "clocks.normal_expire": "1 h"}

    def test_silence_is_reminded_escalated_expired_and_matched_elsewhere_until_all_are_tried(self):
        case_id = self.submit("disaster.evacuation")
        case = wait_for(lambda: (lambda c: c if c["needs"][0]["state"] == "parked" else None)(self.net.case(case_id)),
                        60, "every service tried")
        self.assertEqual(case["needs"][0]["reason"], "all_tried")
        services = [r["service"] for r in case["referrals"]]
        self.assertGreater(len(services), 1)
        self.assertEqual(len(services), len(set(services)), "the same service again")
        self.assertEqual({(r["state"], r["reason"]) for r in case["referrals"]}, {("expired", "not_answered")})
        for referral in case["referrals"]:
            tellings = self.told(referral["id"], ["offer", "remind", "escalate", "recall"])
            self.assertEqual(len({h["webhook-id"] for h, _, _, _ in tellings}), 4)
        actions = [(t["item"], t["action"]) for t in self.net.case(case_id)["timeline"]]
        for referral in case["referrals"]:
            own = [a for i, a in actions if i == referral["id"] and a in ("remind", "escalate", "expire")]
            self.assertEqual(list(dict.fromkeys(own)), ["remind", "escalate", "expire"])
        offers = [self.receiver.of(r["id"]) for r in case["referrals"]]
        for tellings in offers:
            first, remind, escalate, recall = (t[3] for t in tellings)
            self.assertGreater(remind - first, 0.1)
            self.assertGreater(recall - first, 1.0, "expired too early")

    def test_a_clock_that_is_off_is_passed_over(self):
        case_id = self.submit("legal.family", urgency="normal")
        self.told(self.referral(case_id)["id"], ["offer", "escalate"])

    def test_an_answer_stops_the_clocks(self):
        first = self.submit("cash.allowance")
        referral = self.state(first, self.referral(first)["id"], "delivered")
        answered = self.net.answer(referral["id"], "accept", referral["version"])
        self.assertEqual(answered.status, 200, answered.body)
        before = self.receiver.purposes(referral["id"])
        # An offer made after the answer has all its clocks run out: those of the first would have.
        silent = self.submit("interpretation.translation")
        self.state(silent, self.referral(silent, 0)["id"], "expired")
        self.told(self.referral(silent, 0)["id"], ["offer", "remind", "escalate", "recall"])
        self.assertEqual(self.receiver.purposes(referral["id"]), before)
        self.assertEqual(self.net.case(first)["referrals"][0]["state"], "accepted")


class Places(Told):
    """The periodic look comes after ten minutes: what happens here happens at once."""

    SETTINGS = {"limits.park_look": "10 min"}

    def near(self, term):
        """The services of the term, and of those above it, which take its needs too."""
        return [s["id"] for s in self.services.values()
                if any(t == term or term.startswith(t + ".") for t in s["terms"])]

    def report(self, service, available):
        done = self.net.redis.fcall("hl_capacity", 1, TAG, service, str(available), "1",
                                    str(int(time.time() * 1000)))
        self.assertEqual(done, [b"ok"])

    def leave_places(self, term, most):
        for service in self.near(term):
            self.report(service, most)

    def free_places(self, service):
        available, held = self.net.redis.hmget(f"{TAG}:place:{service}", "available", "held")
        return int(available) - int(held or 0)

    def fill(self, term):
        """Families until one is parked for want of a place; (the others, the parked one)."""
        others = []
        for _ in range(40):
            case_id = self.submit(term)
            need = self.net.settled(case_id)["needs"][0]
            if need["state"] == "parked":
                self.assertEqual(need["reason"], "no_capacity")
                return others, case_id
            others.append(case_id)
        raise AssertionError("never full")

    def offered(self, case_id, seconds=10):
        return wait_for(lambda: (lambda c: c if c["needs"][0]["state"] == "offered" else None)(
            self.net.case(case_id)), seconds, "the parked need offered")

    def test_a_parked_need_is_offered_as_soon_as_another_family_s_place_is_freed(self):
        term = "violence.crisis_room"
        self.leave_places(term, 1)
        others, parked = self.fill(term)
        referral = self.referral(others[0])
        declined = self.net.answer(referral["id"], "decline", referral["version"], reason="family_declined")
        self.assertEqual(declined.status, 200, declined.body)
        self.assertEqual(self.offered(parked)["referrals"][0]["service"], referral["service"])
        self.assertEqual(self.net.settled(others[0])["needs"][0]["state"], "parked")

    def test_a_need_is_parked_only_when_no_service_that_fits_has_a_place(self):
        term = "housing.temporary"
        self.leave_places(term, 1)
        others, _ = self.fill(term)
        eligible = {self.referral(case_id)["service"] for case_id in others}
        self.assertEqual(len(eligible), len(others), "two families on one place")
        considered = self.net.http("POST", "/api/v1/matches", self.intake(term)).json["needs"][0]["why"]
        fitting = considered["considered_count"] - sum(r["count"] for r in considered.get("refusals_by_rule", []))
        self.assertEqual(len(others), fitting, "parked though a service that fits had a place")

    def test_a_place_that_is_freed_at_any_of_many_full_services_is_taken_at_once(self):
        term = "health.rehabilitation"
        self.leave_places(term, 1)
        others, parked = self.fill(term)
        self.assertGreater(len(others), 4)
        for case_id in others:
            referral = self.referral(case_id)
            self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {})
            got = self.offered(parked)["referrals"][-1]
            self.assertEqual(got["service"], referral["service"])
            parked = self.submit(term)
            self.assertEqual(self.net.settled(parked)["needs"][0]["state"], "parked")

    def test_a_newly_reported_place_goes_to_the_need_that_waits_for_it(self):
        term = "housing.shelter"
        self.leave_places(term, 0)
        _, parked = self.fill(term)
        waiting = [s for s in self.near(term)
                   if self.net.redis.sismember(f"{TAG}:waiting:{s}", parked + "-1")]
        self.assertTrue(waiting, "it waits nowhere")
        self.report(waiting[0], 1)
        self.assertEqual(self.offered(parked)["referrals"][0]["service"], waiting[0])

    def test_of_many_that_wait_as_many_are_offered_as_places_are_freed(self):
        term = "disability.home_care"
        self.leave_places(term, 1)
        others, parked = self.fill(term)
        waiting = [parked] + [self.submit(term) for _ in range(20)]
        for case_id in waiting:
            self.assertEqual(self.net.settled(case_id)["needs"][0]["state"], "parked")
        for case_id in others:
            self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {})

        def offered():
            return sum(self.net.case(c)["needs"][0]["state"] == "offered" for c in waiting)
        wait_for(lambda: offered() == len(others), 20, f"{len(others)} of them offered")
        self.assertEqual({self.free_places(self.referral(c, 0)["service"]) for c in others}, {0})


class Looks(Told):
    """A parked need is looked at again and again, whatever it was parked for."""

    SETTINGS = {"limits.park_look": "100 ms"}

    def load(self, services):
        path = os.path.join(self.net.dir, "directory.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(services, file)
        self.net.ctl("import", "--force", "--source", "demo", path)
        version = "demo=" + self.net.redis.hget(f"{TAG}:directory", "demo").decode()

        def is_read():
            found = self.net.http("POST", "/api/v1/matches", self.intake("food.packages")).json
            return found["needs"][0]["why"]["directory_version"] == version
        wait_for(is_read, 20, "the matcher's new directory")

    def test_a_need_whose_reason_changes_while_it_is_parked_is_offered_in_the_end(self):
        with open(os.path.join(DEMO, "directory.json"), encoding="utf-8") as file:
            directory = json.load(file)

        def offers(service, term):
            codes = [(a.get("taxonomy_term") or {}).get("code") for a in service.get("attributes", [])]
            return any(code == term or (code and term.startswith(code + ".")) for code in codes)

        term = "disaster.water"
        self.load([s for s in directory if not offers(s, term)])
        case_id = self.submit(term)

        def parked(reason):
            wait_for(lambda: [(n["state"], n.get("reason")) for n in self.net.case(case_id)["needs"]]
                     == [("parked", reason)], 20, f"parked, {reason}")

        parked("no_service")
        # A service for other families: the reason changes, the state does not.
        others = [dict(s, languages=[{"id": str(uuid.uuid4()), "code": "ja"}], interpretation_services="")
                  for s in directory if offers(s, term)]
        self.load([s for s in directory if not offers(s, term)] + others)
        parked("not_eligible")
        self.load([s for s in directory if not offers(s, term)])
        parked("no_service")
        self.load(directory)
        wait_for(lambda: self.net.case(case_id)["needs"][0]["state"] == "offered", 20, "offered in the end")


if __name__ == "__main__":
    unittest.main()
