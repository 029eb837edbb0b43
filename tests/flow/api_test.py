# SPDX-License-Identifier: Apache-2.0
"""The HTTP interface: what openapi.json says holds, errors name their fields, roles are kept."""

import datetime
import json
import os
import re
import sys
import unittest
import urllib.parse
import urllib.request
import uuid

import jsonschema

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT, TAG, Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122

with open(os.path.join(ROOT, "proto", "openapi.json")) as file:
    OPENAPI = json.load(file)


def validate(answer, method, path):
    """The answer is one that openapi.json describes for this operation."""
    operation = OPENAPI["paths"][path][method.lower()]
    described = operation["responses"].get(str(answer.status))
    assert described, f"{method} {path} gave {answer.status}, which openapi.json does not know"
    if "$ref" in described:
        described = OPENAPI["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    for media, content in described.get("content", {}).items():
        assert answer.headers["Content-Type"] == media, (answer.headers["Content-Type"], media)
        schema = dict(content["schema"], components=OPENAPI["components"])
        jsonschema.Draft7Validator(schema).validate(answer.json)


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network().start()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def call(self, method, path, url=None, **kwargs):
        answer = self.net.http(method, url or path, **kwargs)
        validate(answer, method, path)
        return answer

    def new_case(self, name="displaced-family"):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        created = self.call("POST", "/api/v1/intakes", body=demo_intake(name), headers=key)
        self.assertEqual(created.status, 201)
        return self.net.settled(created.json["case"]["id"])

    def services(self):
        offset = 0
        while offset is not None:
            page = self.net.http("GET", f"/api/v1/services?offset={offset}", role="supervisor").json
            yield from page["services"]
            offset = page.get("next")

    def services_of(self, agency):
        return [s for s in self.services() if s["agency"] == agency and s["terms"]]

    def found(self, **query):
        return self.call("GET", "/api/v1/services", "/api/v1/services?" + urllib.parse.urlencode(query)).json

    def test_services_are_found_in_any_spelling_and_narrowed(self):
        ids = {s["id"] for s in self.found(q="притулок")["services"]}
        self.assertTrue(ids)
        for spelling in ("prytulok", "pritulok", "ghbnekjr"):
            self.assertEqual({s["id"] for s in self.found(q=spelling)["services"]}, ids, spelling)
        near = self.found(near="48.92,24.71", within_km=5)
        self.assertTrue(all(s["distance_km"] <= 5 for s in near["services"]))
        self.assertLess(near["total"], self.found()["total"])
        agency = near["services"][0]["agency"]
        self.assertEqual({s["agency"] for s in self.found(agency=agency)["services"]}, {agency})
        for query, field in (("within_km=5", "within_km"), ("near=1,2&within_km=x", "within_km"),
                             ("near=1,2&within_km=30000", "within_km"), ("place=" + "x" * 65, "place")):
            self.refused("/api/v1/services?" + query, field)

    def refused(self, path, field):
        got = self.net.http("GET", path)
        self.assertEqual((got.status, [e["field"] for e in got.json["errors"]]), (422, [field]), path)

    def test_every_answer_is_one_that_openapi_describes(self):
        case = self.new_case()
        one = f"/api/v1/cases/{case['id']}"
        got = self.call("GET", "/api/v1/cases/{id}", one)
        self.assertEqual(got.headers["ETag"], f'"{case["version"]}"')
        self.call("GET", "/api/v1/cases")
        self.call("GET", "/api/v1/cases", "/api/v1/cases?state=offered")
        self.call("POST", "/api/v1/matches", body=demo_intake())
        found = self.call("GET", "/api/v1/services", "/api/v1/services?term=housing&near=48.92,24.71")
        self.assertGreater(found.json["total"], 3)
        service = found.json["services"][0]["id"]
        self.call("GET", "/api/v1/services/{id}", f"/api/v1/services/{service}")
        self.call("GET", "/api/v1/inbox", role="agency")
        self.call("PATCH", "/api/v1/services/{id}", f"/api/v1/services/{service}", body={"alert": "x"},
                  headers={"If-Match": '"0"'}, role="coordinator")
        self.call("PUT", "/api/v1/services/{id}/capacity", f"/api/v1/services/{service}/capacity",
                  body={"available": 2}, role="coordinator")
        self.call("POST", "/api/v1/services/{id}/confirm", f"/api/v1/services/{service}/confirm", role="coordinator")
        self.assertTrue(self.call("GET", "/api/v1/services/{id}/history",
                                  f"/api/v1/services/{service}/history", role="auditor").json["history"])
        self.call("DELETE", "/api/v1/services/{id}/edits/{field}", f"/api/v1/services/{service}/edits/alert",
                  headers={"If-Match": '"2"'}, role="coordinator")
        self.assertTrue(self.call("GET", "/api/v1/changes", role="coordinator").json["changes"])
        referral = case["referrals"][0]
        path = "/api/v1/referrals/{id}/{action}"
        headers = {"If-Match": f'"{referral["version"]}"', "Idempotency-Key": "a1"}
        accepted = self.call("POST", path, f"/api/v1/referrals/{referral['id']}/accept", body={}, headers=headers)
        self.assertEqual(accepted.json["referral"]["state"], "accepted")
        self.call("POST", path, f"/api/v1/referrals/{referral['id']}/accept", body={},
                  headers=dict(headers, **{"Idempotency-Key": "a2"}))
        self.call("PATCH", "/api/v1/cases/{id}", one, body={"urgency": "emergency"},
                  headers={"If-Match": got.headers["ETag"]})
        self.call("POST", "/api/v1/cases/{id}/withdraw", one + "/withdraw", body={})
        self.call("GET", "/api/v1/openapi.json", role=None)

    def test_an_intake_with_ten_faults_is_refused_once_naming_all_ten(self):
        intake = demo_intake()
        intake["urgency"] = "soon"
        intake["colour"] = "blue"
        intake["place"] = {"lat": 148.9, "lon": 24.7}
        intake["household"]["type"] = "flock"
        intake["household"]["languages"] = ["ukrainisch!"]
        intake["household"]["members"][0]["age"] = 400
        intake["needs"][0]["for"] = [99]
        del intake["needs"][1]["term"]
        intake["contact"]["phone"] = "call me"
        intake["consent"]["until"] = "2027-02-30"
        refused = self.call("POST", "/api/v1/intakes", body=intake, headers={"Idempotency-Key": "ten"})
        self.assertEqual(refused.status, 422)
        fields = sorted(e["field"] for e in refused.json["errors"])
        self.assertEqual(fields, sorted([
            "urgency", "colour", "place.lat", "household.type", "household.languages[0]",
            "household.members[0].age", "needs[0].for[0]", "needs[1].term", "contact.phone", "consent.until"]))
        self.assertNotIn("call me", refused.body.decode())

    def test_the_same_ten_faults_over_zeromq_are_named_too(self):
        intake = demo_intake()
        intake["urgency"] = "soon"
        intake["needs"][0]["for"] = [99]
        reply = self.net.command("submit", key="z", by="op", role="operator", intake=intake)
        self.assertEqual((reply["kind"], reply["status"]), ("refused", "invalid"))
        self.assertIn("intake.urgency", [d["field"] for d in reply["defects"]])

    def test_without_a_token_nothing_is_told(self):
        for token in (None, "wrong", ""):
            answer = self.net.http("GET", "/api/v1/cases", role=None, token=token)
            self.assertEqual(answer.status, 401)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")

    def test_roles_get_what_is_theirs_and_no_more(self):
        case = self.new_case()
        for role, status in (("agency", 403), ("operations", 403), ("auditor", 403)):
            answer = self.net.http("POST", "/api/v1/intakes", demo_intake(), role=role,
                                   headers={"Idempotency-Key": "x"})
            self.assertEqual(answer.status, status, role)
        for role in ("operations", "auditor"):
            seen = self.net.http("GET", f"/api/v1/cases/{case['id']}", role=role)
            self.assertEqual(seen.status, 200)
            for key in ("contact", "household", "place", "preferences", "consent"):
                self.assertNotIn(key, seen.json["case"], role)
            self.assertNotIn("note", seen.json["case"]["needs"][0])
        for role in ("operator", "supervisor", "coordinator"):
            self.assertIn("contact", self.net.case(case["id"], role=role))

    def test_an_agency_sees_a_family_only_after_it_accepted(self):
        agency = self.net.tokens["agency"]["agency"]
        own = self.services_of(agency)
        intake = demo_intake()
        intake["preferences"] = {"agency": agency}
        intake["needs"] = [{"term": term, "note": "нотатка"} for term in sorted({s["terms"][0] for s in own})[:2]]
        case_id = self.net.submit(intake).json["case"]["id"]
        case = self.net.settled(case_id)
        own = [r for r in case["referrals"] if r["agency"] == agency]
        self.assertTrue(own, "no need went to the preferred agency")
        inbox = self.net.http("GET", "/api/v1/inbox", role="agency").json["referrals"]
        self.assertIn(own[0]["id"], [r["id"] for r in inbox])
        before = self.net.case(case_id, role="agency")
        self.assertNotIn("contact", before)
        self.assertEqual({r["agency"] for r in before["referrals"]}, {agency})
        other = [r for r in case["referrals"] if r["agency"] != agency]
        if other:
            stranger = self.net.answer(other[0]["id"], "accept", other[0]["version"], role="agency")
            self.assertEqual(stranger.status, 404, "another agency's referral is not there for it")
        self.assertEqual(self.net.answer(own[0]["id"], "accept", own[0]["version"], role="agency",
                                         note="прийдемо завтра").status, 200)
        after = self.net.case(case_id, role="agency")
        self.assertEqual(after["contact"]["name"], intake["contact"]["name"])
        self.assertEqual(len(after["needs"]), len({r["need"] for r in after["referrals"]}))

    def test_an_agency_lists_its_own_referrals_alone(self):
        agency = self.net.tokens["agency"]["agency"]
        others = {t for s in self.services() if s["agency"] != agency for t in s["terms"]}
        term = next(t for s in self.services_of(agency) for t in s["terms"] if t in others)
        intake = dict(demo_intake(), preferences={"agency": agency}, needs=[{"term": term}])
        case = self.net.settled(self.net.submit(intake).json["case"]["id"])
        own = case["referrals"][0]
        self.assertEqual(own["agency"], agency)
        self.net.answer(own["id"], "decline", own["version"], role="agency", reason="full")
        wait_for(lambda: len(self.net.case(case["id"])["referrals"]) > 1, 20, "another agency")
        def listed(role):
            return next(c for c in self.net.http("GET", f"/api/v1/cases?agency={agency}", role=role).json["cases"]
                        if c["id"] == case["id"])
        self.assertGreater(len(listed("operator")["referrals"]), 1)
        self.assertEqual([r["id"] for r in listed("agency")["referrals"]], [own["id"]])

    def test_an_agency_does_not_see_cases_of_others(self):
        case = self.new_case("flood-family")
        seen = self.net.http("GET", f"/api/v1/cases/{case['id']}", role="agency")
        self.assertEqual(seen.status, 404)

    def test_cases_are_found_by_phone_place_agency_and_state(self):
        intake = demo_intake("single-father")
        intake["contact"]["phone"] = "+380 342 55-01-77"
        case_id = self.net.submit(intake).json["case"]["id"]
        case = self.net.settled(case_id)
        def ids(query, role="operator"):
            return [c["id"] for c in self.net.http("GET", "/api/v1/cases?" + query, role=role).json["cases"]]
        self.assertEqual(ids("phone=%2B380342550177"), [case_id])
        self.assertIn(case_id, ids("place=" + intake["place"]["code"]))
        self.assertIn(case_id, ids("state=" + case["needs"][0]["state"]))
        if case["referrals"]:
            self.assertIn(case_id, ids("agency=" + case["referrals"][0]["agency"]))
        self.assertEqual(self.net.http("GET", "/api/v1/cases?phone=12", role="operator").status, 422)
        self.assertEqual(self.net.http("GET", "/api/v1/cases?phone=%2B380342550177", role="operations").status, 403)

    def test_a_list_says_how_many_of_its_cases_could_not_be_read(self):
        agency = self.net.tokens["agency"]["agency"]
        intake = dict(demo_intake(), preferences={"agency": agency}, needs=[{"term": self.services_of(agency)[0]["terms"][0]}])
        case = self.net.settled(self.net.submit(intake).json["case"]["id"])
        referral = next(r["id"] for r in case["referrals"] if r["agency"] == agency)
        key = f"{TAG}:case:{case['id']}"
        def lists():
            cases = self.net.http("GET", "/api/v1/cases").json
            inbox = self.net.http("GET", "/api/v1/inbox", role="agency").json
            return ((case["id"] in {c["id"] for c in cases["cases"]}, cases.get("unread")),
                    (referral in {r["id"] for r in inbox["referrals"]}, inbox.get("unread")))
        self.assertEqual(lists(), ((True, None), (True, None)))
        self.net.redis.rename(key, key + ":aside")
        try:
            self.assertEqual(lists(), ((False, None), (False, None)), "gone since it was listed")
            self.net.redis.set(key, "x")
            self.assertEqual(lists(), ((False, 1), (False, 1)))
        finally:
            self.net.redis.rename(key + ":aside", key)

    def test_hidden_addresses_and_cleared_entries_stay_hidden(self):
        with open(os.path.join(ROOT, "deploy", "demo", "directory.json")) as file:
            services = json.load(file)
        grade = {}
        for service in services:
            for attribute in service.get("attributes", []):
                if attribute.get("label") == "confidentiality":
                    grade.setdefault(attribute["value"], []).append(service)
        cleared, hidden = grade["cleared"][0], grade["address_hidden"][0]
        self.assertEqual(self.net.http("GET", "/api/v1/services/" + cleared["id"]).status, 404)
        self.assertEqual(self.net.http("GET", "/api/v1/services/" + cleared["id"], role="supervisor").status, 200)
        seen = self.net.http("GET", "/api/v1/services/" + hidden["id"]).body.decode()
        for place in hidden["service_at_locations"]:
            self.assertNotIn(place["location"]["addresses"][0]["address_1"], seen)
            self.assertNotIn('"latitude"', seen)
        everything = set()
        offset = 0
        while offset is not None:
            page = self.net.http("GET", f"/api/v1/services?offset={offset}").json
            everything |= {s["id"] for s in page["services"]}
            offset = page.get("next")
        self.assertEqual(page["total"], len(everything))
        self.assertFalse(everything & {s["id"] for s in grade["cleared"]})

    def test_a_list_says_when_doors_open_and_what_it_costs(self):
        shelter = next(s for s in self.services() if s["name"] == "Нічний притулок для родин з дітьми")
        self.assertEqual(shelter["verified_at"], "2026-09-14T00:00:00.000Z")
        self.assertEqual(shelter["costs"], ["free"])
        answer = self.net.http("GET", "/api/v1/services/" + shelter["id"])
        for opens_at in (shelter["opens_at"], answer.json["x_opens_at"]):  # day and night: now
            age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
                opens_at.replace("Z", "+00:00"))
            self.assertLess(abs(age.total_seconds()), 60)

    def test_events_resume_where_a_client_left_off(self):
        def read(count, last=None):
            request = urllib.request.Request(self.net.endpoints["http"] + "/api/v1/events")
            request.add_header("Authorization", "Bearer " + self.net.tokens["operator"]["token"])
            if last:
                request.add_header("Last-Event-ID", last)
            events, event = [], {}
            with urllib.request.urlopen(request, timeout=20) as stream:
                if last is None:
                    self.new_case("foster-family")
                while len(events) < count:
                    line = stream.readline().decode().rstrip("\n")
                    if not line and event:
                        events.append(event)
                        event = {}
                    elif ": " in line:
                        name, _, value = line.partition(": ")
                        event[name] = value
            return events
        first = [e for e in read(6) if "id" in e]
        again = read(4, last=first[0]["id"])
        later = [e["data"] for e in again]
        for event in first[1:3]:
            self.assertIn(event["data"], later, "nothing is passed over")
        self.assertNotIn(first[0]["data"], later, "nothing comes twice")
        self.assertEqual(read(1, last="nonsense")[0]["event"], "reset")

    def test_bodies_that_are_not_json_and_wrong_headers_are_named(self):
        headers = {"Idempotency-Key": "k"}
        self.assertEqual(self.net.http("POST", "/api/v1/intakes", raw=b"{", headers=headers).status, 400)
        self.assertEqual(self.net.http("POST", "/api/v1/intakes", demo_intake()).status, 400)
        answer = self.net.http("PATCH", "/api/v1/cases/x", {}, headers={"If-Match": "3"})
        self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (400, "If-Match"))
        self.assertEqual(self.net.http("GET", "/api/v1/cases/nonsense").status, 404)
        self.assertEqual(self.net.http("DELETE", "/api/v1/cases").status, 405)
        too_long = json.dumps({"x": "y" * 300_000}).encode()
        self.assertEqual(self.net.http("POST", "/api/v1/intakes", raw=too_long, headers=headers).status, 413)


class Lists(unittest.TestCase):
    def test_a_filtered_list_has_every_case_however_many_it_looks_through(self):
        """More than are read at once, the newest first."""
        with Network() as net:
            load = Load(net, intakes_for(net, 300, SEED), window=64).run()
            load.states()  # waits until none is on its way
            found = set()
            for state in ("parked", "offered"):
                cases = net.http("GET", f"/api/v1/cases?state={state}").json["cases"]
                self.assertTrue(all(state in [n["state"] for n in c["needs"]] for c in cases))
                times = [c["accepted_at"] for c in cases]
                self.assertEqual(times, sorted(times, reverse=True))
                found |= {c["id"] for c in cases}
            self.assertEqual(found, {case_id for case_id, _ in load.accepted.values()})


if __name__ == "__main__":
    unittest.main()
