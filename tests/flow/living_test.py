# SPDX-License-Identifier: Apache-2.0
"""A directory that lives: single edits, places, history, and the stream that others follow."""

import json
import os
import sys
import tempfile
import time
import unittest
import urllib.parse
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402

DATA = os.environ.get("REFERRAL_DATA", "../shared/data")
CHURN = os.path.join(DATA, "disaster-shelter-churn", "fema_2019-06_2020-12.ndjson")
SHELTERS = uuid.UUID("0b9f7a3e-5d0c-4b57-9f5e-1b6f5d1e7a10")


class Follower:
    """Reads the change stream as a partner system would: page by page, from where it was."""

    def __init__(self, net):
        self.net, self.next, self.resets = net, None, 0

    def read(self):
        while True:
            since = f"&since={self.next}" if self.next else ""
            page = self.net.http("GET", f"/api/v1/changes?limit=500{since}", role="operations").json
            self.resets += page["reset"]
            self.next = page.get("next", self.next)
            yield from page["changes"]
            if len(page["changes"]) < 500:
                return


class Living(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(settings={"directory.capacity_ttl": "3 d"}).start()
        cls.agency = cls.net.tokens["agency"]["agency"]

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def services(self, **query):
        text = "&".join(f"{k}={v}" for k, v in query.items())
        return self.net.http("GET", f"/api/v1/services?{text}", role="supervisor").json["services"]

    def own(self):
        return next(s["id"] for s in self.all_services() if s["agency"] == self.agency)

    def others(self):
        return next(s["id"] for s in self.all_services() if s["agency"] != self.agency)

    def all_services(self):
        for offset in range(0, 1000, 50):
            page = self.services(offset=offset)
            yield from page
            if not page:
                return

    def version(self, service):
        return self.net.http("GET", f"/api/v1/services/{service}/history", role="coordinator").json["version"]

    def patch(self, service, body, role="coordinator", version=None, key=None):
        version = self.version(service) if version is None else version
        headers = {"If-Match": f'"{version}"'}
        if key:
            headers["Idempotency-Key"] = key
        return self.net.http("PATCH", f"/api/v1/services/{service}", body, role=role, headers=headers)

    def document(self, service, role="coordinator"):
        return self.net.http("GET", f"/api/v1/services/{service}", role=role)

    def test_an_edit_is_seen_by_readers_and_by_search_and_can_be_taken_back(self):
        service = self.others()
        before = self.document(service).json
        done = self.patch(service, {"name": "Зовсім інша назва", "url": "https://new.example"})
        self.assertEqual(done.status, 200, done.body)
        self.assertEqual(done.headers["ETag"], f'"{done.json["service"]["version"]}"')
        after = self.document(service).json
        self.assertEqual((after["name"], after["url"]), ("Зовсім інша назва", "https://new.example"))
        wait_for(lambda: [s for s in self.services(q=urllib.parse.quote("зовсім інша")) if s["id"] == service], 5, "search sees it")
        history = self.net.http("GET", f"/api/v1/services/{service}/history", role="auditor").json
        self.assertLessEqual({"name", "url"}, {e["field"] for e in history["edits"] if e["stands"]})
        names = [h for h in history["history"] if h["field"] == "name"]
        self.assertEqual(names[0]["previous"], before["name"])
        self.assertEqual(names[0]["replacement"], "Зовсім інша назва")
        self.assertEqual(names[0]["by"], self.net.tokens["coordinator"]["person"])
        for field in ("name", "url"):
            undone = self.net.http("DELETE", f"/api/v1/services/{service}/edits/{field}", role="coordinator",
                                   headers={"If-Match": f'"{self.version(service)}"'})
            self.assertEqual(undone.status, 200, undone.body)
        self.assertEqual(self.document(service).json, before)

    def test_a_service_is_read_changed_and_sent_back_whole(self):
        service = self.others()
        where = f"/api/v1/services/{service}"
        def put(body, version=None, role="coordinator"):
            version = version or self.document(service).headers["ETag"]
            return self.net.http("PUT", where, body, role=role, headers={"If-Match": version})
        read = self.document(service)
        self.assertEqual(read.headers["ETag"], f'"{self.version(service)}"')
        self.assertEqual(put(read.json).headers["ETag"], read.headers["ETag"], "nothing differs")
        wanted = dict(read.json, name="Цілком інша", alert="Тимчасово")
        del wanted["description"]
        first, again = put(wanted, read.headers["ETag"]), put(wanted, read.headers["ETag"])
        self.assertEqual((first.status, first.json), (200, again.json), first.body)
        seen = self.document(service)
        self.assertEqual(seen.json, wanted)
        self.assertEqual(seen.headers["ETag"], first.headers["ETag"])
        self.assertEqual(put(dict(wanted, name="Ще інша"), read.headers["ETag"]).status, 412)
        refused = put(dict(wanted, id="x", organization={}, name="Ще інша"))
        self.assertEqual((refused.status, {e["field"] for e in refused.json["errors"]}), (422, {"id", "organization"}))
        self.assertEqual(put(wanted, role="operator").status, 403)
        self.assertEqual(put({}, role="agency").status, 403)
        self.assertEqual(self.net.http("PUT", where, wanted, role="coordinator").status, 428)
        history = self.net.http("GET", where + "/history?field=name", role="coordinator").json["history"]
        self.assertEqual({h["field"] for h in history}, {"name"})
        self.assertEqual(history[0]["replacement"], "Цілком інша")
        self.assertEqual(self.net.http("GET", where + "/history?field=id", role="coordinator").status, 422)
        self.assertEqual(put(read.json).status, 200)
        self.assertEqual(self.document(service).json, read.json)

    def test_a_service_that_stops_is_not_offered_any_more(self):
        intake = demo_intake()
        def best():
            needs = self.net.http("POST", "/api/v1/matches", intake).json["needs"]
            return needs[0]["why"].get("chosen", {}).get("service")
        service = best()
        self.assertEqual(self.patch(service, {"status": "temporarily closed"}).status, 200)
        wait_for(lambda: best() != service, 5, "another one is chosen")
        self.assertEqual(self.patch(service, {"status": "active"}).status, 200)
        wait_for(lambda: best() == service, 5, "it is chosen again")

    def test_a_withdrawn_service_is_found_no_more_until_that_is_taken_back_and_imports_change_nothing_about_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "one.json")
            row = {"id": str(uuid.uuid4()), "name": "Пральня єнотів", "status": "active",
                   "organization": {"id": str(uuid.uuid4()), "name": "Осередок", "description": ""}}
            def load():
                with open(path, "w") as file:
                    json.dump([row], file)
                self.net.ctl("import", "--source", "one", path)
            load()
            found = lambda: [s["id"] for s in self.services(q=urllib.parse.quote("пральня єнотів"))]
            wait_for(lambda: found() == [row["id"]], 10, "it is found")
            where = f"/api/v1/services/{row['id']}"
            self.assertEqual(self.net.http("DELETE", where, role="coordinator").status, 428)
            self.assertEqual(self.net.http("DELETE", where, role="operator", headers={"If-Match": '"0"'}).status, 403)
            self.assertEqual(self.net.http("DELETE", where, role="agency", headers={"If-Match": '"0"'}).status, 403)
            done = self.net.http("DELETE", where, role="coordinator", headers={"If-Match": '"0"'})
            self.assertEqual((done.status, done.json["service"]["version"]), (200, 1), done.body)
            self.assertEqual(self.net.http("DELETE", where, role="coordinator", headers={"If-Match": '"0"'}).status, 200)
            wait_for(lambda: found() == [], 10, "it is found no more")
            row["description"] = "Інше"
            load()
            seen = self.document(row["id"]).json
            self.assertEqual((seen["status"], seen["description"]), ("defunct", "Інше"))
            self.assertEqual(found(), [])
            undone = self.net.http("DELETE", where + "/edits/status", role="coordinator", headers={"If-Match": '"1"'})
            self.assertEqual(undone.status, 200, undone.body)
            wait_for(lambda: found() == [row["id"]], 10, "it is found again")
            self.assertEqual(self.net.http("DELETE", f"/api/v1/services/{uuid.uuid4()}", role="coordinator",
                                           headers={"If-Match": '"0"'}).status, 404)

    def test_an_agency_edits_its_own_services_and_hides_more_but_never_less(self):
        own, other = self.own(), self.others()
        self.assertEqual(self.patch(own, {"alert": "Новий вхід"}, role="agency").status, 200)
        self.assertEqual(self.patch(other, {"alert": "x"}, role="agency").status, 403)
        self.assertEqual(self.patch(own, {"confidentiality": "address_hidden"}, role="agency").status, 200)
        refused = self.patch(own, {"confidentiality": "public"}, role="agency")
        self.assertEqual((refused.status, refused.json["errors"][0]["field"]), (403, "confidentiality"))
        undo = self.net.http("DELETE", f"/api/v1/services/{own}/edits/confidentiality", role="agency",
                             headers={"If-Match": f'"{self.version(own)}"'})
        self.assertEqual(undo.status, 403)
        self.assertEqual(self.patch(own, {"confidentiality": None}, role="coordinator").status, 200)
        for role in ("operator", "operations", "auditor"):
            self.assertEqual(self.patch(own, {"alert": "x"}, role=role).status, 403, role)

    def test_a_repeat_is_harmless_and_a_stale_version_is_refused_with_the_one_that_is(self):
        service = self.others()
        version = self.version(service)
        first = self.patch(service, {"alert": "Раз"}, version=version, key="k1")
        again = self.patch(service, {"alert": "Раз"}, version=version, key="k1")
        self.assertEqual((first.status, again.status), (200, 200))
        self.assertEqual(first.json, again.json)
        stale = self.patch(service, {"alert": "Два"}, version=version)
        self.assertEqual((stale.status, stale.json["version"]), (412, version + 1))
        missing = self.net.http("PATCH", f"/api/v1/services/{service}", {"alert": "x"}, role="coordinator")
        self.assertEqual(missing.status, 428)

    def test_bad_fields_are_all_named_and_change_nothing(self):
        service = self.others()
        before = self.document(service).json
        bad = self.patch(service, {"nam": "x", "status": "open", "minimum_age": "ten", "alert": "fine"})
        self.assertEqual(bad.status, 422)
        self.assertEqual({e["field"] for e in bad.json["errors"]}, {"nam", "status", "minimum_age"})
        self.assertEqual(self.document(service).json, before)
        self.assertEqual(self.patch(str(uuid.uuid4()), {"alert": "x"}, version=0).status, 404)

    def test_an_edit_outlives_an_import_and_gives_way_to_what_the_publisher_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "two.json")
            rows = [{"id": str(uuid.uuid4()), "name": f"Служба {i}", "status": "active", "url": "https://a.example",
                     "organization": {"id": str(uuid.uuid4()), "name": "Осередок", "description": ""}} for i in (1, 2)]
            def load():
                with open(path, "w") as file:
                    json.dump(rows, file)
                self.net.ctl("import", "--source", "two", "--report", path + ".report", path)
                with open(path + ".report", encoding="utf-8") as file:
                    return [(row["id"], row["field"]) for row in json.load(file)["noted"] if row["reason"] == "edit_superseded"]
            self.assertEqual(load(), [])
            service = rows[0]["id"]
            self.assertEqual(self.patch(service, {"name": "Правлена", "url": "https://b.example"}).status, 200)
            rows[0]["url"], rows[1]["name"] = "https://c.example", "Інша"
            self.assertEqual(load(), [(service, "url")])
            self.assertEqual(load(), [])
            seen = self.document(service).json
            self.assertEqual((seen["name"], seen["url"]), ("Правлена", "https://c.example"))
            history = self.net.http("GET", f"/api/v1/services/{service}/history", role="coordinator").json
            self.assertEqual({e["field"]: e["stands"] for e in history["edits"]}, {"name": True, "url": False})

    def test_places_that_nobody_confirmed_for_long_come_to_the_agencys_inbox_until_it_does(self):
        own = self.own()
        self.assertEqual(self.net.http("PUT", f"/api/v1/services/{own}/capacity", {"available": 5, "maximum": 4},
                                       role="agency").status, 422)
        put = self.net.http("PUT", f"/api/v1/services/{own}/capacity", {"available": 3, "maximum": 4}, role="agency")
        self.assertEqual(put.status, 204, put.body)
        def asked():
            inbox = self.net.http("GET", "/api/v1/inbox", role="agency").json
            return {c["service"]: c for c in inbox["confirmations"]}
        self.assertNotIn(own, asked())
        old = int((time.time() - 4 * 86400) * 1000)
        self.net.redis.zadd(f"{TAG}:reported", {own: old})
        self.net.redis.hset(f"{TAG}:place:{own}", "reported_at", old)
        entry = wait_for(lambda: asked().get(own), 30, "the agency is asked")
        self.assertEqual(entry["available"], 3)
        self.assertEqual(entry["name"], self.document(own).json["name"])
        confirmed = self.net.http("POST", f"/api/v1/services/{own}/confirm", role="agency")
        self.assertEqual(confirmed.status, 200, confirmed.body)
        self.assertNotIn(own, asked())
        self.assertEqual(self.document(own).json["assured_date"], time.strftime("%Y-%m-%d", time.gmtime()))
        self.assertEqual(self.net.http("POST", f"/api/v1/services/{own}/confirm", role="agency").status, 200)

    def test_a_matcher_that_was_restarted_knows_the_places_as_they_were_reported(self):
        intake = demo_intake()
        def best():
            needs = self.net.http("POST", "/api/v1/matches", intake).json["needs"]
            return needs[0]["why"].get("chosen", {})
        service = best()["service"]
        put = self.net.http("PUT", f"/api/v1/services/{service}/capacity", {"available": 0, "maximum": 9}, "coordinator")
        self.assertEqual(put.status, 204)
        wait_for(lambda: best().get("service") != service, 10, "another one is best")
        self.net.kill("matcher.1")
        wait_for(lambda: best().get("service") not in (service, None), 10, "it is still full")
        self.net.http("PUT", f"/api/v1/services/{service}/capacity", {"available": 9, "maximum": 9}, "coordinator")
        wait_for(lambda: best().get("service") == service, 10, "it is best again")

    def test_a_follower_that_is_too_late_is_told_so(self):
        answer = self.net.http("GET", "/api/v1/changes?since=1-1", role="operations").json
        self.assertTrue(answer["reset"])
        self.assertEqual(self.net.http("GET", "/api/v1/changes?since=x", role="operations").status, 422)
        self.assertEqual(self.net.http("GET", "/api/v1/changes", role="agency").status, 403)


@unittest.skipUnless(os.path.exists(CHURN), "needs REFERRAL_DATA")
class Shelters(unittest.TestCase):
    """Shelters as they really opened, filled and closed."""

    EVENTS = 5505

    def setUp(self):
        self.net = Network(demo=False).start()

    def tearDown(self):
        self.net.close()

    def load(self, events):
        rows = {}
        for event in events:
            if event["op"] == "add":
                new = event["new"]
                rows[event["id"]] = {
                    "id": str(uuid.uuid5(SHELTERS, event["id"])), "name": new["SHELTER_NAME"].strip() or "Shelter",
                    "status": "inactive", "organization": {"id": str(uuid.uuid5(SHELTERS, str(new["ORG_ID"]))),
                                                           "name": new["ORG_NAME"] or "Unknown", "description": ""}}
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
            for row in rows.values():
                file.write(json.dumps(row) + "\n")
            file.flush()
            self.net.ctl("import", "--source", "shelters", file.name)

    def send(self, event):
        service = str(uuid.uuid5(SHELTERS, event["id"]))
        figures = event.get("new", event.get("set", {}))
        if event["op"] in ("add", "remove"):
            status = "active" if event["op"] == "add" else "inactive"
            version = self.versions.get(service, 0)
            done = self.net.http("PATCH", f"/api/v1/services/{service}", {"status": status}, role="coordinator",
                                 headers={"If-Match": f'"{version}"'})
            self.assertEqual(done.status, 200, done.body)
            if done.json["service"]["version"] == version:
                return  # a second add: it says so already
            self.versions[service] = done.json["service"]["version"]
            self.sent.append(("edit", service, self.versions[service]))
        places, people = figures.get("EVACUATION_CAPACITY"), figures.get("TOTAL_POPULATION")
        if event["op"] != "remove" and places is not None and people is not None and places >= people:
            done = self.net.http("PUT", f"/api/v1/services/{service}/capacity",
                                 {"available": places - people, "maximum": places}, role="coordinator")
            self.assertEqual(done.status, 204, done.body)
            self.sent.append(("capacity", service, places - people))

    def seen(self, follower):
        return [(c["kind"], c["subject"], c["version"] if c["kind"] == "edit" else c["available"])
                for c in follower.read() if c["kind"] != "swap"]

    def test_their_history_is_followed_once_and_in_order_across_restarts(self):
        with open(CHURN) as file:
            events = [json.loads(line) for line in file][:self.EVENTS]
        self.load(events)
        self.versions, self.sent, seen = {}, [], []
        follower = Follower(self.net)
        for number, event in enumerate(events):
            self.send(event)
            if number % 400 == 399:
                seen += self.seen(follower)
                resumed = Follower(self.net)
                resumed.next, resumed.resets = follower.next, follower.resets
                follower = resumed
            if number == self.EVENTS // 2:
                self.net.kill("redis")
                self.net.kill("gateway.1")
        seen += self.seen(follower)
        self.assertEqual(follower.resets, 0)
        self.assertEqual(seen, self.sent)
        open_now = sum(1 for s in self.versions if self.versions[s] % 2)
        wait_for(lambda: self.net.http("GET", "/api/v1/services", role="supervisor").json["total"] == open_now, 10,
                 "the matcher has them all")


if __name__ == "__main__":
    unittest.main()
