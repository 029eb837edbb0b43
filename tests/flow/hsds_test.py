# SPDX-License-Identifier: Apache-2.0
"""The open directory as partner systems read it: HSDS 3.1 and Open Referral UK 3.0, valid by the
published schemas, and no more of anybody than this reader may see."""

import datetime
import json
import os
import re
import socket
import sys
import time
import unittest
import urllib.parse
import uuid

import jsonschema

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import TAG, Network, wait_for  # noqa: E402

DATA = os.environ.get("REFERRAL_DATA", "../shared/data")
SCHEMAS = os.path.join(DATA, "hsds-spec-3", "schema")
UK = os.path.join(DATA, "oruk-validator-fixtures", "Schemas", "V3.0-UK")
DIRECTORIES = {  # name: file, options
    "sanmateo": ("ohana-smc-sanmateo/locations.ndjson", ["--map", "sanmateo"]),
    "cnap": ("ua-cnap-centres/cnap_centres.csv", ["--map", "ua-cnap"]),
    "health": ("ua-health-providers/providers.csv", ["--map", "ua-health"]),
    "example": ("hsds-spec-3/examples/service_full.json", []),
    "uk": ("oruk-validator-fixtures/Mocks/V3.0-UK-Default/service_full.json", []),
}
ENTITIES = ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
SAMPLE = 150  # of each entity
FULL = ("services", "organizations", "service_at_locations")
OPEN = "gateway.hsds_public"

needs_data = unittest.skipUnless(os.path.isdir(SCHEMAS), "REFERRAL_DATA without hsds-spec-3")


FORMATS = jsonschema.FormatChecker(["uuid", "email", "date"])


@FORMATS.checks("date-time", ValueError)
def is_date_time(text):
    return not isinstance(text, str) or "T" in text and bool(datetime.datetime.fromisoformat(text))


@FORMATS.checks("uri")
def is_uri(text):
    return not isinstance(text, str) or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$", text) is not None


def uk_validator(entity):
    name = {"taxonomies": "taxonomy"}.get(entity, entity[:-1])
    with open(os.path.join(UK, name + ".json"), encoding="utf-8") as file:
        return jsonschema.Draft7Validator(json.load(file), format_checker=FORMATS)


def hsds_validators():
    full = os.path.join(SCHEMAS, "compiled", "service_with_definitions.json")
    with open(full, encoding="utf-8") as file:
        service = json.load(file)
    definitions = service["definitions"]

    def of(name):
        return jsonschema.Draft7Validator(dict(definitions[name], definitions=definitions), format_checker=FORMATS)

    place = dict(definitions["service_at_location"], definitions=definitions)
    place["properties"] = dict(place["properties"], service={k: v for k, v in service.items() if k != "definitions"})
    return {"services": jsonschema.Draft7Validator(service, format_checker=FORMATS), "organizations": of("organization"),
            "service_at_locations": jsonschema.Draft7Validator(place, format_checker=FORMATS),
            "taxonomies": of("taxonomy"), "taxonomy_terms": of("taxonomy_term")}


def service(number, **members):
    made = {"id": str(uuid.UUID(int=number)), "name": f"Service {number}", "status": "active", "description": "",
            "organization": {"id": str(uuid.UUID(int=1000)), "name": "Agency", "description": "d"},
            "attributes": [{"id": str(uuid.UUID(int=2000 + number)), "link_entity": "service", "taxonomy_term": {
                "id": str(uuid.UUID(int=3000)), "code": "food", "name": "Food", "description": "",
                "taxonomy": "demo-needs"}}]}
    made.update(members)
    return made


def fact(number, label, value):
    return {"id": str(uuid.UUID(int=number)), "label": label, "value": value, "link_entity": "service",
            "taxonomy_term": {"id": str(uuid.UUID(int=number + 1)), "taxonomy": "hearthline-facts", "code": label,
                              "name": label, "description": ""}}


class Reader:
    """A partner system."""

    def get(self, path, role="operator", **query):
        text = urllib.parse.urlencode(query)
        return self.net.http("GET", path + ("?" + text if text else ""), role=role)

    def page(self, entity, base="/hsds/3.1", role="operator", **query):
        answer = self.get(f"{base}/{entity}", role, **query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def pages(self, entity, **query):
        number, seen = 1, []
        while True:
            page = self.page(entity, page=number, **query)
            self.assertEqual((page["page_number"], page["size"]), (number, len(page["contents"])))
            self.assertEqual(page["first_page"], number == 1)
            seen += page["contents"]
            if page["last_page"]:
                self.assertEqual(page["total_items"], len(seen))
                return seen
            number += 1

    def stream(self, entity, base="/hsds/3.1", role="operator", **query):
        answer = self.get(f"{base}/{entity}", role, format="ndjson", **query)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/x-ndjson"))
        return [json.loads(line) for line in answer.body.splitlines()]

    def put(self, name, services, *options):
        path = os.path.join(self.net.dir, name + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(services, file)
        self.net.ctl("import", "--source", name, *options, path)

    def loaded(self, count, **query):
        wait_for(lambda: self.page("services", role="supervisor", per_page=1, **query)["total_items"] == count, 20,
                 f"{count} services")


@needs_data
class Shared(Reader, unittest.TestCase):
    """Real directories, all of them."""

    @classmethod
    def setUpClass(cls):
        cls.net = Network(demo=False).start()
        for name, (path, options) in DIRECTORIES.items():
            path = os.path.join(DATA, path)
            if os.path.exists(path):
                cls.net.ctl("import", "--source", name, *options, path)
        cls.stored = {}
        for source, version in sorted(cls.net.redis.hgetall(f"{TAG}:directory").items()):
            cls.stored.update(cls.net.redis.hgetall(f"{TAG}:service:{source.decode()}:{version.decode()}"))

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def setUp(self):
        self.loaded(len(self.stored))

    def test_everything_is_valid_hsds(self):
        for entity, check in hsds_validators().items():
            full = {"full": "true"} if entity not in ("taxonomies", "taxonomy_terms") else {}
            if entity == "organizations":
                full["full_service"] = "true"
            seen = self.stream(entity, role="supervisor", **full)
            self.assertEqual(len(seen), len({s["id"] for s in seen}), entity)
            self.assertEqual(len(seen), self.page(entity, role="supervisor", per_page=1)["total_items"])
            for one in seen[::max(1, len(seen) // SAMPLE)]:
                check.validate(one)
            if entity == "organizations":
                counts = [len(one["services"]) for one in seen]
                self.assertEqual(sum(counts), self.page("services", role="supervisor", per_page=1)["total_items"])
                self.assertGreater(max(counts), 40, "one whose services take more than a page")

    def test_everything_is_valid_open_referral_uk(self):
        for entity in ENTITIES:
            check = uk_validator(entity)
            seen = self.page(entity, base="/oruk/3.0", per_page=50, **({"full": "true"} if entity in FULL else {}))
            self.assertGreater(seen["size"], 0)
            for one in seen["contents"]:
                check.validate(one)
        about = self.page("", base="/oruk/3.0")
        self.assertEqual(about["version"], "HSDS-UK-3.0")


    def test_an_export_imported_again_changes_nothing(self):
        for source in DIRECTORIES:
            for form, end in (("hsds-json", "json"), ("hsds-ndjson", "ndjson")):
                path = os.path.join(self.net.dir, f"{source}.{end}")
                self.net.ctl("export", "--source", source, "--format", form, path)
                said = json.loads(self.net.ctl("import", "--json", "--source", source, "--dry-run", path).stdout)
                self.assertEqual(said["unchanged"], said["read"], (source, {k: said[k] for k in ("added", "changed", "removed", "quarantined")}))
                self.assertEqual((said["added"], said["changed"], said["removed"]), (0, 0, 0))


@needs_data
class Small(Reader, unittest.TestCase):
    """A directory made for the questions."""

    @classmethod
    def setUpClass(cls):
        cls.net = Network(demo=False, settings={OPEN: "yes"}).start()
        shelter = uuid.UUID(int=77)
        place = {"id": str(uuid.UUID(int=70)), "location": {
            "id": str(uuid.UUID(int=71)), "location_type": "physical", "latitude": 50.4501, "longitude": 30.5234,
            "x_code": "hidden-street-7", "metadata": [], "addresses": [{
                "id": str(uuid.UUID(int=72)), "address_1": "hidden-street-7", "city": "c", "state_province": "s",
                "postal_code": "p", "country": "UA", "address_type": "physical"}]}}
        both = {"id": str(uuid.UUID(int=1000)), "name": "Agency", "description": "d", "locations": [place["location"]]}
        house = {"id": str(uuid.UUID(int=60)), "location": dict(
            place["location"], id=str(uuid.UUID(int=61)), attributes=[fact(6000, "confidentiality", "address_hidden")])}
        office = {"id": str(uuid.UUID(int=62)), "location": {
            "id": str(uuid.UUID(int=63)), "location_type": "physical", "name": "front-office", "latitude": 49.8397,
            "longitude": 24.0297, "addresses": [{
                "id": str(uuid.UUID(int=64)), "address_1": "open-street-1", "city": "Lviv", "state_province": "s",
                "postal_code": "p", "country": "UA", "address_type": "physical"}]}}
        safe = {"id": str(uuid.UUID(int=65)), "description": "hidden-safe-house", "location": dict(
            place["location"], id=str(uuid.UUID(int=66)), attributes=[fact(6500, "confidentiality", "cleared")])}
        lobby = {"id": str(uuid.UUID(int=67)), "location": dict(office["location"], id=str(uuid.UUID(int=68)))}
        cls.put(cls, "small", [
            service(1, last_modified="2024-05-01T00:00:00Z", organization=both),
            service(2, last_modified="2020-05-01T00:00:00Z", organization=both, service_at_locations=[house, office]),
            service(3, organization={"id": str(uuid.UUID(int=1001)), "name": "Other", "description": ""},
                    url="www.no-scheme.example"),
            service(4, organization={"id": str(uuid.UUID(int=1002)), "name": "Secret", "description": ""},
                    attributes=[fact(4000, "confidentiality", "cleared")]),
            service(5, id=str(shelter), service_at_locations=[place],
                    attributes=[fact(5000, "confidentiality", "address_hidden")]),
            service(6, organization={"id": str(uuid.UUID(int=1003)), "name": "Half", "description": "d",
                                     "locations": [safe["location"], lobby["location"]]},
                    service_at_locations=[safe, lobby]),
            service(7, organization={"id": str(uuid.UUID(int=1004)), "name": "Secret house", "description": ""},
                    service_at_locations=[dict(safe, id=str(uuid.UUID(int=69)))])])

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def setUp(self):
        self.loaded(7)

    def ids(self, entity, **query):
        return {one["id"] for one in self.pages(entity, **query)}

    def numbers(self, *numbers):
        return {str(uuid.UUID(int=number)) for number in numbers}

    def test_the_root_says_what_it_is(self):
        for path in ("/hsds/3.1", "/hsds/3.1/"):
            about = self.get(path).json
            self.assertEqual(set(about), {"version", "profile", "openapi_url"})
            self.assertRegex(about["version"], r"^3\.1")

    def test_pages_and_streams_hold_the_same(self):
        for entity in ENTITIES:
            paged = self.pages(entity, per_page=2)
            self.assertEqual(paged, self.stream(entity), entity)
            self.assertGreater(len(paged), 0)
        beyond = self.page("services", page=99)
        self.assertEqual((beyond["empty"], beyond["contents"], beyond["last_page"]), (True, [], True))

    def test_filters(self):
        self.assertEqual(self.ids("services", organization_id=str(uuid.UUID(int=1001))), self.numbers(3))
        self.assertEqual(self.ids("services", taxonomy_term_id=str(uuid.UUID(int=3000))), self.numbers(1, 2, 3, 6))
        self.assertEqual(self.ids("services", modified_after="2022-01-01T00:00:00Z"), self.numbers(1, 3, 6, 77),
                         "changed since, or at a time that is not known")
        self.assertEqual(self.ids("organizations", taxonomy_term_id=str(uuid.UUID(int=3000))), self.numbers(1000, 1001, 1003))
        self.assertEqual(self.ids("services", search="service 2"), self.numbers(2))
        self.assertEqual(self.ids("services", organization_id=str(uuid.UUID(int=9))), set())
        taxonomy = next(t["id"] for t in self.pages("taxonomies") if t["name"] == "demo-needs")
        self.assertEqual(self.ids("taxonomy_terms", taxonomy_id=taxonomy), self.numbers(3000))
        self.assertEqual(self.ids("services", taxonomy_id=taxonomy), self.numbers(1, 2, 3, 6))
        self.assertEqual(self.ids("taxonomy_terms", parent_id=str(uuid.UUID(int=3000))), set())

    def test_who_is_not_cleared_sees_nothing_of_what_is_hidden(self):
        for role in (None, "operator"):
            self.assertEqual(self.ids("services", role=role), self.numbers(1, 2, 3, 6, 77))
            self.assertEqual(self.ids("organizations", role=role), self.numbers(1000, 1001, 1003))
            for path in ("services/" + str(uuid.UUID(int=4)), "organizations/" + str(uuid.UUID(int=1002)),
                         "taxonomy_terms/" + str(uuid.UUID(int=4001))):
                self.assertEqual(self.get("/hsds/3.1/" + path, role=role).status, 404, path)
            for entity in ("services", "organizations", "service_at_locations"):
                for base in ("/hsds/3.1", "/oruk/3.0"):
                    for form in ({"full": "true"}, {}, {"full": "true", "format": "ndjson"}):
                        text = self.get(f"{base}/{entity}", role=role, **form).body.decode()
                        for secret in ("hidden-street", "50.45", "Secret", "Service 4", "hidden-safe", *map(str, map(uuid.UUID, map("{:032x}".format, (65, 66, 69, 71))))):
                            self.assertNotIn(secret, text)
            for number in (1, 2, 77):
                if role:
                    text = self.get(f"/api/v1/services/{uuid.UUID(int=number)}", role=role).body.decode()
                    self.assertNotIn("hidden-street", text)
                    self.assertEqual("front-office" in text, number == 2)
        self.assertEqual(len(self.ids("services", role="supervisor")), 7)
        shown = self.get("/hsds/3.1/services/" + str(uuid.UUID(int=77)), role="coordinator")
        self.assertIn("hidden-street", shown.body.decode())

    def test_only_the_place_that_must_be_hidden_is_hidden(self):
        def at(role):
            return {one["id"] for one in self.stream("service_at_locations", role=role)}
        self.assertEqual(at("operator"), self.numbers(60, 62, 67, 70))
        self.assertEqual(self.page("service_at_locations", per_page=1)["total_items"], 4)
        half = {"organization_id": str(uuid.UUID(int=1003))}
        self.assertEqual(self.ids("service_at_locations", **half), self.numbers(67))
        self.assertEqual(at("coordinator"), self.numbers(60, 62, 65, 67, 69, 70))
        for number, role, code in ((65, "operator", 404), (67, "operator", 200), (65, "coordinator", 200)):
            answer = self.get(f"/hsds/3.1/service_at_locations/{uuid.UUID(int=number)}", role=role)
            self.assertEqual(answer.status, code, (number, role))
        def near(lat, lon):
            found = self.get("/api/v1/services", near=f"{lat},{lon}").json["services"]
            return {uuid.UUID(s["id"]).int: s.get("distance_km") for s in found}
        at_office = near(49.8397, 24.0297)
        self.assertEqual((at_office[2], at_office[6]), (0, 0), "open places are where they are")
        at_shelter = near(50.4501, 30.5234)
        self.assertGreater(at_shelter[2], 3, "to a tenth of a degree")
        self.assertGreater(at_shelter[6], 400, "nothing tells that there is another place")
        self.assertNotIn(7, at_shelter)
        intake = {"urgency": "normal", "place": {"lat": 50.4501, "lon": 30.5234}, "needs": [{"term": "food"}],
                  "household": {"members": []}, "consent": {"version": "1", "purposes": ["referral"], "recipients": ["any"]}}
        preview = self.net.http("POST", "/api/v1/matches", intake, role="operator")
        self.assertEqual(preview.status, 200, preview.body)
        for secret in ("hidden-", "50.45", "Secret"):
            self.assertNotIn(secret, preview.body.decode().replace('"lat":50.45', ""))

    def test_a_wrong_token_is_refused_even_where_none_is_needed(self):
        self.assertEqual(self.net.http("GET", "/hsds/3.1/services", token="x" * 40).status, 401)
        self.assertEqual(self.net.http("GET", "/api/v1/services", role=None).status, 401)

    def test_a_service_that_is_hidden_by_an_edit_leaves_the_lists_and_its_organization_stays(self):
        first, terms = str(uuid.UUID(int=1)), self.ids("taxonomy_terms")
        def edit(value):
            self.assertEqual(self.net.http("PATCH", "/api/v1/services/" + first, {"confidentiality": value},
                                           role="coordinator", headers={"If-Match": f'"{self.version(first)}"'}).status, 200)
        def listed(*numbers):
            try:
                return self.ids("services") == self.numbers(*numbers)
            except AssertionError:  # hidden between the count and the page
                return False
        edit("cleared")
        path = os.path.join(self.net.dir, "edited.ndjson")
        self.net.ctl("export", "--source", "small", "--format", "hsds-ndjson", path)
        with open(path, encoding="utf-8") as file:
            self.assertNotIn("Service 1", file.read())
        wait_for(lambda: listed(2, 3, 6, 77), 5, "it is gone")
        self.assertEqual(self.ids("organizations"), self.numbers(1000, 1001, 1003))
        self.assertEqual(self.get("/hsds/3.1/organizations/" + str(uuid.UUID(int=1000))).status, 200)
        self.assertIn(str(uuid.UUID(int=3000)), self.ids("taxonomy_terms"))
        edit(None)
        wait_for(lambda: listed(1, 2, 3, 6, 77), 5, "it is back")
        self.assertEqual(self.ids("taxonomy_terms"), terms)

    def version(self, service_id):
        return self.net.http("GET", f"/api/v1/services/{service_id}/history", role="coordinator").json["version"]

    def test_an_organization_comes_with_its_services(self):
        path = "/hsds/3.1/organizations/" + str(uuid.UUID(int=1000))
        simple = self.get(path).json
        self.assertEqual({s["id"] for s in simple["services"]}, self.numbers(1, 2, 77))
        self.assertNotIn("attributes", simple["services"][0])
        self.assertIn("attributes", self.get(path, full_service="true").json["services"][0])

    def test_each_organization_of_a_list_comes_with_its_services_when_they_are_asked_for(self):
        path = "/hsds/3.1/organizations"
        plain = self.get(path).json
        self.assertNotIn("services", plain["contents"][0])
        page = self.get(path, full_service="true").json
        self.assertEqual({k: v for k, v in page.items() if k != "contents"},
                         {k: v for k, v in plain.items() if k != "contents"})
        services = {o["id"]: {s["id"] for s in o["services"]} for o in page["contents"]}
        self.assertEqual(list(services), [o["id"] for o in plain["contents"]])
        self.assertEqual(services[str(uuid.UUID(int=1000))], self.numbers(1, 2, 77))
        for one in self.get(path, full_service="true", full="true").json["contents"]:
            self.assertEqual(one, self.get(f"{path}/{one['id']}", full_service="true").json)
            self.assertIn("attributes", one["services"][0])
        lines = self.get(path, full_service="true", format="ndjson").body.decode().splitlines()
        self.assertEqual([json.loads(line)["id"] for line in lines], list(services))
        self.assertEqual({o["id"]: {s["id"] for s in o["services"]} for o in map(json.loads, lines)}, services)
        for number, one in enumerate(page["contents"], 1):
            self.assertEqual([one["id"]], [o["id"] for o in self.get(
                path, full_service="true", per_page=1, page=number, full="true").json["contents"]])
        self.assertEqual(self.get(path, full_service="true", search="nothing-of-the-kind").json["contents"], [])

    def test_an_export_leaves_out_what_is_for_cleared_roles_unless_told(self):
        path = os.path.join(self.net.dir, "out.ndjson")
        for options, count in (([], 5), (["--cleared"], 7)):
            said = self.net.ctl("export", "--source", "small", "--format", "hsds-ndjson", *options, path).stderr
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.assertEqual((text.count("\n"), "Secret" in text), (count, count == 7), said)
            self.assertEqual(("hidden-street" in text, "50.45" in text), (count == 7, count == 7))
            self.assertIn("front-office", text)
        self.assertNotEqual(self.net.ctl("export", "--source", "none", path, check=False).returncode, 0)

    def test_what_has_no_format_is_set_aside_and_not_lost(self):
        one = self.get("/hsds/3.1/services/" + str(uuid.UUID(int=3))).json
        self.assertEqual((one.get("url"), one["x_url"]), (None, "www.no-scheme.example"))
        minimal = self.page("services", minimal="true")["contents"]
        self.assertLessEqual(set().union(*minimal), {"id", "last_modified", "modified_date"})

    def test_bad_parameters_are_named(self):
        for query, name in (({"color": "x"}, "color"), ({"page": "0"}, "page"), ({"per_page": "1000"}, "per_page"),
                            ({"format": "xml"}, "format"), ({"full": "yes"}, "full"), ({"proximity": "5"}, "proximity"),
                            ({"modified_after": "soon"}, "modified_after"), ({"top_only": "true"}, "top_only"),
                            ({"postcode": "94016", "proximity": "100"}, "postcode")):
            answer = self.get("/hsds/3.1/services", **query)
            self.assertEqual((answer.status, [e["field"] for e in answer.json["errors"]]), (400, [name]), answer.body)
        mirror = self.net.http("POST", "/hsds/3.1/services?per_page=1")
        self.assertEqual((mirror.status, mirror.json["size"]), (200, 1))


class Large(Reader, unittest.TestCase):
    """A directory that no reader has in memory as a whole.  HSDS_SERVICES=1000000 by hand, with figures."""

    SERVICES = int(os.environ.get("HSDS_SERVICES", "20000"))
    LEAVERS = 40

    def setUp(self):
        self.net = Network(demo=False).start(60)
        self.addCleanup(self.net.close)
        path = os.path.join(self.net.dir, "large.ndjson")
        organization = {"id": str(uuid.uuid4()), "name": "Large", "description": "of many"}
        with open(path, "w", encoding="utf-8") as file:
            for number in range(self.SERVICES):
                file.write(json.dumps({"id": str(uuid.UUID(int=number + (4 << 76) + (8 << 60))), "name": f"Service {number}",
                                       "status": "active", "description": "x" * 200, "organization": organization}) + "\n")
        self.net.ctl("import", "--source", "large", path)
        wait_for(lambda: self.page("services", per_page=1)["total_items"] == self.SERVICES, 120, "all services")

    def resident_kb(self, name):
        with open(f"/proc/{self.net.pid(name)}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def open_stream(self):
        host, port = urllib.parse.urlsplit(self.net.endpoints["http"]).netloc.split(":")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)  # so that it is the server that waits
        client.settimeout(60)
        client.connect((host, int(port)))
        client.sendall(f"GET /hsds/3.1/services?format=ndjson HTTP/1.1\r\nHost: {host}\r\n"
                       f"Authorization: Bearer {self.net.tokens['operator']['token']}\r\n\r\n".encode())
        return client

    def asked_s(self, times=40):
        """What another reader waits for, at the median."""
        waits = []
        for _ in range(times):
            began = time.monotonic()
            self.page("services", per_page=10)
            waits.append(time.monotonic() - began)
        return sorted(waits)[times // 2]

    def test_clients_that_read_slowly_or_leave_midway_neither_hold_memory_nor_others_up(self):
        pids = [self.net.pid(name) for name in ("gateway.1", "matcher.1")]
        alone, before = self.asked_s(), self.resident_kb("gateway.1")
        began = time.monotonic()
        clients = [self.open_stream() for _ in range(self.LEAVERS)]
        self.assertIn(b"200 OK", clients[0].recv(64))
        first = time.monotonic() - began
        beside = self.asked_s()
        full = self.resident_kb("gateway.1")  # each client has what its sockets hold, and takes no more
        for client in clients:
            client.close()
        lines = sum(1 for _ in self.stream("services"))
        after = self.resident_kb("gateway.1")
        if "HSDS_SERVICES" in os.environ:
            print(f"first byte {first * 1000:.0f} ms; another's page {alone * 1000:.1f} ms alone, {beside * 1000:.1f} beside "
                  f"{self.LEAVERS} streams; gateway {before} kB, {full} with them, {after} after a whole one")
        self.assertEqual(lines, self.SERVICES)
        self.assertEqual(pids, [self.net.pid(name) for name in ("gateway.1", "matcher.1")], "one of them died")
        self.assertLess(beside, 10 * alone + 0.05)
        self.assertLess(full - before, 1000 * self.LEAVERS)
        self.assertLess(after - before, 1000 * self.LEAVERS)


if __name__ == "__main__":
    unittest.main()
