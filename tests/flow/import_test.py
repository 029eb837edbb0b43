# SPDX-License-Identifier: Apache-2.0
"""referralctl import against a private Redis: what comes in, what is quarantined and why, what a
guard refuses, and that what is stored is HSDS 3.1."""

import copy
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid
from random import Random

import jsonschema
import redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTL = os.path.join(ROOT, os.environ.get("BUILD", "build"), "bin", "referralctl")
DATA = os.environ.get("REFERRAL_DATA", os.path.join(ROOT, "..", "shared", "data"))
EXAMPLES = os.path.join(DATA, "hsds-spec-3", "examples")
SCHEMAS = os.path.join(DATA, "hsds-spec-3", "schema")
SANMATEO = os.path.join(DATA, "ohana-smc-sanmateo", "locations.ndjson")
DEMO = os.path.join(ROOT, "deploy", "demo", "directory.json")

needs_hsds = unittest.skipUnless(os.path.isdir(EXAMPLES), "REFERRAL_DATA without hsds-spec-3")
needs_sanmateo = unittest.skipUnless(os.path.exists(SANMATEO), "REFERRAL_DATA without San Mateo")
needs_demo = unittest.skipUnless(os.path.exists(DEMO), "no demo directory")

# As proto/functions has them, as far as an import needs them.
FUNCTIONS = """#!lua name=hearthline
local function swap(keys, argv)
  local tag = keys[1]
  local current = redis.call('HGET', tag .. ':directory', argv[1]) or ''
  if current == argv[3] then return { 'dup' } end
  if current ~= argv[2] then return { 'stale', current } end
  redis.call('PERSIST', tag .. ':service:' .. argv[1] .. ':' .. argv[3])
  redis.call('HSET', tag .. ':directory', argv[1], argv[3])
  if current ~= '' then redis.call('UNLINK', tag .. ':service:' .. argv[1] .. ':' .. current) end
  redis.call('XADD', tag .. ':changes', '*', 'kind', 'swap', 'subject', argv[1])
  return { 'ok' }
end
local function keep(keys, argv)
  local of, kept = keys[1] .. ':service:' .. argv[1] .. ':', 0
  for i = 6, #argv do
    local document = redis.call('HGET', of .. argv[2], argv[i])
    if document then
      redis.call('HSET', of .. argv[3], argv[i], document)
      redis.call('EXPIRE', of .. argv[3], argv[5])
      kept = kept + 1
    end
  end
  return { 'ok', kept }
end
local function capacity(keys, argv)
  local code = 'dup'
  for i = 1, #argv, 4 do
    local key = keys[1] .. ':place:' .. argv[i]
    local before = redis.call('HGET', key, 'reported_at')
    if not before or tonumber(before) < tonumber(argv[i + 3]) then
      redis.call('HSET', key, 'available', argv[i + 1], 'maximum', argv[i + 2], 'reported_at', argv[i + 3])
      redis.call('XADD', keys[1] .. ':changes', '*', 'kind', 'capacity', 'subject', argv[i])
      code = 'ok'
    end
  end
  return { code }
end
redis.register_function('hl_directory_swap', swap)
redis.register_function('hl_directory_keep', keep)
redis.register_function('hl_capacity', capacity)
"""


def service(number=1, **members):
    """A small good service."""
    made = {
        "id": str(uuid.UUID(int=number)), "name": f"Service {number}", "status": "active",
        "organization": {"id": str(uuid.UUID(int=10000)), "name": "Agency", "description": ""},
        "attributes": [{"id": str(uuid.UUID(int=20000 + number)), "taxonomy_term": {
            "id": str(uuid.UUID(int=30000)), "code": "food", "name": "Food", "description": ""}}],
    }
    made.update(members)
    return {name: value for name, value in made.items() if value is not None}


class Result:
    def __init__(self, run):
        self.status, self.out, self.err = run.returncode, run.stdout, run.stderr
        try:
            self.json = json.loads(run.stdout)
        except ValueError:
            self.json = None


def as_published(document):
    """A stored service without the facts that the import read from its prose."""
    return dict(document, attributes=[attribute for attribute in document.get("attributes", [])
                                      if "x_evidence" not in attribute])


class ImportTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="hl-import-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.start_redis(self.dir)

    def start_redis(self, place):
        program = next(p for p in ("/usr/bin/redis-server", "/usr/bin/redis-check-rdb")
                       if os.path.exists(p))
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
             "--appendonly", "no", "--logfile", "redis.log"], executable=program, cwd=place)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        path = os.path.join(place, "redis.sock")
        self.redis = redis.Redis(unix_socket_path=path)
        self.addCleanup(self.redis.close)
        deadline = time.monotonic() + 20
        while not self.redis_answers(path):
            self.assertLess(time.monotonic(), deadline, "Redis does not answer")
            time.sleep(0.01)
        self.redis.execute_command("FUNCTION", "LOAD", FUNCTIONS)

    def redis_answers(self, path):
        try:
            return os.path.exists(path) and self.redis.ping()
        except redis.RedisError:
            return False

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content, ensure_ascii=False)
        if isinstance(content, str):
            content = content.encode()
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def command(self, *arguments, state=None):
        return [CTL, "--dir", state or self.dir, "import", *arguments]

    def run_import(self, *arguments, state=None, cwd=ROOT):
        return Result(subprocess.run(self.command(*arguments, state=state), cwd=cwd, timeout=300,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))

    def load(self, path, *options, status=0, **counts):
        """Imports with --json (`path` is the last argument) and checks the exit status and any counts given by name."""
        result = self.run_import("--json", "--report", self.path("report.json"), *options, path)
        self.assertEqual(result.status, status, result.err)
        for name, count in counts.items():
            self.assertEqual(result.json[name], count, (name, result.json))
        numbers = result.json
        self.assertEqual(numbers["read"], numbers["added"] + numbers["changed"] +
                         numbers["unchanged"] + sum(numbers["quarantined"].values()) +
                         numbers["notes"].get("repeated", 0))
        with open(self.path("report.json"), encoding="utf-8") as file:
            self.report = json.load(file)
        return result

    def version(self, source):
        version = self.redis.hget("{c1}:directory", source)
        return version and version.decode()

    def documents(self, source):
        """What is in use, by id."""
        version = self.version(source)
        if version is None:
            return {}
        stored = self.redis.hgetall(f"{{c1}}:service:{source}:{version}")
        return {key.decode(): json.loads(value) for key, value in stored.items()}

    def reasons(self):
        return {(row["reason"], row.get("field", "")) for row in self.report["rows"]}


class ShapesTest(ImportTest):
    """The four shapes of HSDS JSON, and what stands around them."""

    def check_two(self, content, **counts):
        counts.setdefault("read", 2)
        counts.setdefault("added", 2)
        self.load(self.write("two.json", content), **counts)
        names = sorted(document["name"] for document in self.documents("two").values())
        self.assertEqual(names, ["Service 1", "Service 2"])

    def test_a_bare_array(self):
        self.check_two([service(1), service(2)])

    def test_a_page_envelope(self):
        self.check_two({"total_items": 2, "total_pages": 1, "page_number": 1, "size": 2,
                        "first_page": True, "last_page": True, "empty": False,
                        "contents": [service(1), service(2)]})
        self.assertNotIn("page_of_many", self.report["notes"])

    def test_one_page_of_many_is_noted(self):
        self.check_two({"total_pages": 9, "first_page": True, "last_page": False,
                        "contents": [service(1), service(2)]})
        self.assertEqual(self.report["notes"]["page_of_many"], 1)

    def test_pages_of_an_api_are_one_directory(self):
        def page(number, *services):
            return self.write(f"page-{number}.json", {
                "total_pages": 3, "page_number": number, "first_page": number == 1,
                "last_page": number == 3, "contents": list(services)})

        pages = [page(1, service(1)), page(2, service(2), 7), page(3, service(3))]
        self.load(pages[0], *pages[1:], "--source", "pages", read=4, added=3,
                  quarantined={"not_object": 1})
        self.assertNotIn("page_of_many", self.report["notes"])
        self.assertEqual(self.report["rows"][0]["file"], pages[1])
        self.load(pages[0], pages[2], "--source", "few", read=2, added=2)
        self.assertEqual(self.report["notes"]["page_of_many"], 1)

    def test_files_may_refer_to_those_before(self):
        agencies = self.write("a.ndjson", json.dumps(
            {"id": 7, "name": "Agency Seven", "website": "http://example.org"}) + "\n")
        services = self.write("s.json", [service(1, organization=None, organization_id=7)])
        self.load(services, agencies, "--source", "both", added=1)
        document = self.documents("both")[str(uuid.UUID(int=1))]
        self.assertEqual(document["organization"]["name"], "Agency Seven")

    def test_a_pipe(self):
        content = "".join(json.dumps(service(n)) + "\n" for n in range(1, 2001))
        run = subprocess.run(self.command("--json", "--source", "piped", "-"), cwd=ROOT, timeout=60,
                             input=content.encode(), stdout=subprocess.PIPE, check=True)
        self.assertEqual(json.loads(run.stdout)["added"], 2000)
        self.assertEqual(len(self.documents("piped")), 2000)
        with open(self.write("after.ndjson", "not ours\n" + content), "rb") as file:
            os.lseek(file.fileno(), len("not ours\n"), os.SEEK_SET)
            run = subprocess.run(self.command("--json", "--source", "piped", "-"), cwd=ROOT, timeout=60,
                                 stdin=file, stdout=subprocess.PIPE, check=True)
        self.assertEqual([json.loads(run.stdout)[k] for k in ("read", "unchanged")], [2000, 2000])

    def test_one_object_per_line(self):
        self.check_two(json.dumps(service(1)) + "\n\n" + json.dumps(service(2)))

    def test_byte_order_mark_and_crlf(self):
        self.check_two(b"\xef\xbb\xbf" + json.dumps(service(1)).encode() + b"\r\n" +
                       json.dumps(service(2)).encode() + b"\r\n")

    def test_an_organization_with_its_services(self):
        inside = [service(1, organization=None), service(2, organization=None)]
        self.check_two({"id": str(uuid.UUID(int=9)), "name": "Agency", "description": "d",
                        "website": "http://example.org", "services": inside})
        for document in self.documents("two").values():
            self.assertEqual(document["organization"]["name"], "Agency")
            self.assertNotIn("services", document["organization"])

    def test_an_object_of_organizations_and_services(self):
        self.check_two({
            "services": [service(1, organization=None, organization_id="o1"),
                         service(2, organization=None, organization_id="o1", service_at_locations=[
                             {"id": str(uuid.UUID(int=5)), "location_id": "l1"}])],
            "organizations": [{"id": "o1", "name": "Agency", "description": "d"}],
            "locations": [{"id": "l1", "location_type": "physical", "latitude": 1, "longitude": 2}],
        })
        documents = self.documents("two")
        self.assertEqual({d["organization"]["name"] for d in documents.values()}, {"Agency"})
        second = documents[str(uuid.UUID(int=2))]
        self.assertEqual(second["service_at_locations"][0]["location"]["latitude"], 1)

    def test_services_at_locations_in_a_list_of_their_own(self):
        self.check_two({
            "services": [service(1), service(2)],
            "service_at_locations": [
                {"id": str(uuid.UUID(int=50 + n)), "service_id": str(uuid.UUID(int=n)),
                 "location_id": "l1"} for n in (1, 2, 3)],
            "locations": [{"id": "l1", "location_type": "physical", "latitude": 1, "longitude": 2}],
        }, read=3, quarantined={"broken_reference": 1})
        self.assertEqual(self.report["rows"][0]["id"], str(uuid.UUID(int=53)))
        for document in self.documents("two").values():
            self.assertEqual(document["service_at_locations"][0]["location"]["longitude"], 2)

    def test_services_at_locations_become_one_service_each(self):
        rows = [{"id": str(uuid.UUID(int=50 + n)), "service": service(1 + n // 2), "location": {
            "id": str(uuid.UUID(int=60 + n)), "location_type": "physical"}} for n in range(4)]
        self.check_two(rows)
        for document in self.documents("two").values():
            self.assertEqual(len(document["service_at_locations"]), 2)

    def test_unknown_properties_are_kept(self):
        self.load(self.write("odd.json", [service(1, x_colour="blue", deeper={"a": [1, None]})]))
        document = self.documents("odd")[str(uuid.UUID(int=1))]
        self.assertEqual((document["x_colour"], document["deeper"]), ("blue", {"a": [1, None]}))

    def test_nothing_of_json_is_an_error(self):
        for content in (b"id,name\n1,x\n", b"\xff\xfe{\0}\0", b"<html></html>"):
            result = self.run_import(self.write("not.json", content))
            self.assertEqual(result.status, 1, result.err)
        self.assertEqual(self.run_import(self.path("absent.json")).status, 1)

    def test_usage(self):
        good = self.write("two.json", [service(1)])
        for words in ([], ["-"], ["--unknown", good], ["--format", "xml", good],
                      ["--format", "map", good], ["--most-removed", "200", good],
                      ["--source", "a:b", good]):
            self.assertEqual(self.run_import(*words).status, 2, words)
        self.assertEqual(self.run_import("--help").status, 0)

    def test_a_long_state_directory(self):
        place = self.path("x" * 100)
        os.mkdir(place)
        path = self.write("two.json", [service(1)])
        self.server.kill()
        self.server.wait()
        here = os.getcwd()
        os.chdir(place)  # redis-py, too, needs a short path
        self.addCleanup(os.chdir, here)
        self.start_redis(".")
        result = self.run_import("--json", path, state=place)
        self.assertEqual((result.status, result.json and result.json["added"]), (0, 1), result.err)


class DirtTest(ImportTest):
    """Rows that do not come in, and why."""

    def test_every_defect_has_its_reason_and_the_rest_comes_in(self):
        point = {"id": str(uuid.UUID(int=5)), "location": {
            "id": str(uuid.UUID(int=6)), "location_type": "physical",
            "latitude": 0, "longitude": 0}}
        rows = [
            service(1),
            "{\"id\": broken",
            "[1, 2]",
            "\"a text\"",
            b'{"id":"' + str(uuid.UUID(int=2)).encode() + b'","name":"\xff","status":"active"}',
            {"id": str(uuid.UUID(int=3)), "location_type": "physical"},
            service(4, id=None),
            service(5, name="  "),
            service(6, status="open"),
            service(7, status=None),
            service(8, minimum_age="old"),
            service(9, minimum_age=-1),
            service(10, minimum_age=20, maximum_age=3),
            service(11, description="x" * 200000),
            service(1, name="Another name"),
            service(12, service_at_locations=[point]),
            service(1),
            '{"id":"a","id":"b"}',
        ]
        lines = [row if isinstance(row, bytes) else
                 (row if isinstance(row, str) else json.dumps(row)).encode() for row in rows]
        self.load(self.write("dirty.ndjson", b"\n".join(lines)), read=18, added=2, quarantined={
            "not_json": 2, "not_object": 2, "bad_utf8": 1, "not_a_service": 1, "missing_id": 1,
            "missing_name": 1, "bad_status": 2, "bad_age": 3, "too_large": 1, "duplicate_id": 1})
        self.assertEqual(self.report["notes"]["bad_coordinates"], 1)
        self.assertEqual(self.report["notes"]["repeated"], 1)
        at = {row["line"]: row for row in self.report["rows"]}
        self.assertEqual(at[2]["reason"], "not_json")
        self.assertEqual(at[9], {"row": 9, "line": 9, "id": str(uuid.UUID(int=6)),
                                 "reason": "bad_status", "field": "status", "why": "open"})
        self.assertEqual(at[15]["reason"], "duplicate_id")
        self.assertEqual(at[13]["field"], "minimum_age")
        documents = self.documents("dirty")
        self.assertEqual(documents[str(uuid.UUID(int=1))]["name"], "Service 1")
        location = documents[str(uuid.UUID(int=12))]["service_at_locations"][0]["location"]
        self.assertNotIn("latitude", location)
        self.assertEqual(location["x_latitude"], 0)

    def test_a_broken_row_of_an_array_costs_itself_only(self):
        bad = b'{"id":"2","name":"\xff","status":"active"}'
        content = b"[" + b",".join([json.dumps(service(1)).encode(), bad, b"7", b'{"a":}',
                                    json.dumps(service(2)).encode()]) + b"]"
        self.load(self.write("array.json", content), read=5, added=2,
                  quarantined={"bad_utf8": 1, "not_object": 1, "not_json": 1})

    def test_references_that_lead_nowhere(self):
        self.load(self.write("refs.json", {
            "organizations": [{"id": "o1", "name": "A", "description": ""}], "locations": [],
            "services": [service(1, organization=None, organization_id="o1"),
                         service(2, organization=None, organization_id="o2"),
                         service(3, service_at_locations=[{"id": "x", "location_id": "l9"}])]}),
            read=3, added=1, quarantined={"broken_reference": 2})
        self.assertEqual(self.reasons(), {
            ("broken_reference", "organization_id"),
            ("broken_reference", "service_at_locations[0].location_id")})

    def test_tags_and_entities_leave_the_text(self):
        self.load(self.write("html.json", [service(
            1, name="Smith &amp; Sons", eligibility_description="a < b & c > d",
            description="<p>One<br/>two</p><script>x()</script> &#8211; <b>three</b>",
            application_process="write to <person@example.org>\r\nor call")]))
        document = self.documents("html")[str(uuid.UUID(int=1))]
        self.assertEqual(document["name"], "Smith & Sons")
        self.assertEqual(document["description"], "One\ntwo\n – three")
        self.assertEqual(document["eligibility_description"], "a < b & c > d")
        self.assertEqual(document["application_process"],
                         "write to <person@example.org>\nor call")
        self.assertEqual(self.report["notes"]["tags_removed"], 1)

    def test_ids_that_are_no_uuids_are_derived_the_same_every_time(self):
        rows = [service(1, id="17", organization={"id": 4, "name": "A", "description": ""}),
                service(2, id=18, organization=None, organization_id="4")]
        self.load(self.write("ids.json", rows))
        first = self.documents("ids")
        by_name = {document["name"]: document for document in first.values()}
        self.assertEqual(by_name["Service 1"]["x_id"], "17")
        self.assertEqual(by_name["Service 2"]["x_id"], 18)
        self.assertEqual(by_name["Service 1"]["organization"]["id"],
                         by_name["Service 2"]["organization_id"])
        for id in first:
            uuid.UUID(id)
        self.load(self.write("ids.json", rows[::-1]), unchanged=2)

    def test_values_of_the_wrong_kind_are_set_aside(self):
        self.load(self.write("kinds.json", [service(
            1, description=["a"], minimum_age="7", phones={"number": 123},
            languages=["uk"], schedules=[{"freq": "DAILY", "timezone": "Kyiv"}],
            capacities=[{"available": 3, "unit": "beds"}], email=None)]))
        document = self.documents("kinds")[str(uuid.UUID(int=1))]
        self.assertEqual(document["x_description"], ["a"])
        self.assertEqual(document["minimum_age"], 7)
        self.assertEqual(document["phones"][0]["number"], "123")
        self.assertEqual(document["x_languages"], ["uk"])
        self.assertEqual(document["schedules"][0]["x_freq"], "DAILY")
        self.assertEqual(document["schedules"][0]["x_timezone"], "Kyiv")
        self.assertEqual(document["x_capacities"][0]["available"], 3)
        self.assertNotIn("capacities", document)

    def test_a_redacted_location_stays_hidden(self):
        self.load(self.write("hidden.json", [service(1, service_at_locations=[{
            "id": str(uuid.UUID(int=5)), "location": {
                "id": str(uuid.UUID(int=6)), "location_type": "redacted"}}])]))
        location = self.documents("hidden")[str(uuid.UUID(int=1))][
            "service_at_locations"][0]["location"]
        fact = location["attributes"][0]
        self.assertEqual((fact["label"], fact["value"], fact["taxonomy_term"]["taxonomy"]),
                         ("confidentiality", "address_hidden", "hearthline-facts"))

    def test_a_file_without_a_good_row_is_refused(self):
        result = self.load(self.write("bad.json", [service(1, status="open")]), status=3)
        self.assertEqual(result.json["refused"], "nothing_good")
        self.assertIsNone(self.version("bad"))
        self.load(self.write("bad.json", []), status=3)


class ChangeTest(ImportTest):
    """What is in use before and after."""

    def ten(self, **first):
        return [service(1, **first)] + [service(n) for n in range(2, 11)]

    def test_twice_is_once(self):
        path = self.write("ten.json", self.ten())
        self.load(path, added=10)
        version = self.version("ten")
        length = self.redis.xlen("{c1}:changes")
        result = self.load(path, added=0, changed=0, unchanged=10, removed=0)
        self.assertEqual(self.version("ten"), version)
        self.assertEqual(result.json["version"], version)
        self.assertEqual(self.redis.xlen("{c1}:changes"), length)

    def test_order_and_spacing_are_no_change(self):
        self.load(self.write("ten.json", self.ten(minimum_age=7)))
        turned = [dict(reversed(list(row.items()))) for row in self.ten(minimum_age=7.0)[::-1]]
        self.load(self.write("ten.json", json.dumps(turned, indent=3)), unchanged=10)

    def test_what_differs_is_counted_and_swapped_in_one_step(self):
        self.load(self.write("ten.json", self.ten()))
        before = self.version("ten")
        rows = self.ten(name="New name")[:-1] + [service(11)]
        self.load(self.write("ten.json", rows), added=1, changed=1, unchanged=8, removed=1)
        self.assertNotEqual(self.version("ten"), before)
        self.assertEqual(self.redis.exists(f"{{c1}}:service:ten:{before}"), 0)
        after = f"{{c1}}:service:ten:{self.version('ten')}"
        self.assertEqual((self.redis.hlen(after), self.redis.ttl(after)), (10, -1))
        last = self.redis.xrevrange("{c1}:changes", count=1)[0][1]
        self.assertEqual(last, {b"kind": b"swap", b"subject": b"ten"})

    def test_only_its_own_source_is_replaced(self):
        path = self.write("ten.json", self.ten())
        self.load(path, "--source", "one")
        self.load(self.write("ten.json", self.ten()[:5]), "--source", "two", removed=0)
        self.assertEqual((len(self.documents("one")), len(self.documents("two"))), (10, 5))
        self.assertEqual({d["x_source"] for d in self.documents("two").values()}, {"two"})

    def test_too_many_removed_is_refused(self):
        self.load(self.write("ten.json", self.ten()))
        version = self.version("ten")
        path = self.write("ten.json", self.ten()[:7])
        result = self.load(path, status=3, removed=3)
        self.assertEqual(result.json["refused"], "most_removed")
        self.assertIn("would vanish", result.err)
        self.assertEqual(self.version("ten"), version)
        self.load(path, "--dry-run", status=3)
        self.load(self.write("ten.json", self.ten()[:8]), removed=2)  # 20 percent may
        self.write("ten.json", self.ten()[:7])
        self.load(path, "--most-removed", "5", status=3)
        self.load(path, "--most-removed", "13", removed=1)
        self.load(self.write("ten.json", self.ten()[:2]), "--force", removed=5)

    def test_a_file_that_ends_within_a_row_removes_nothing(self):
        path = self.write("ten.json", self.ten())
        self.load(path)
        with open(path, "rb") as file:
            whole = file.read()
        result = self.load(self.write("ten.json", whole[:-5]), status=3, removed=1)
        self.assertEqual(result.json["refused"], "cut_file")
        self.assertEqual(result.json["quarantined"], {"not_json": 1})
        self.load(self.write("ten.json", whole[:-1]), unchanged=10)

    def test_dry_run_changes_nothing(self):
        path = self.write("ten.json", self.ten())
        self.load(path, "--dry-run", added=10)
        self.assertEqual(self.redis.keys("*"), [])
        self.load(path)
        keys, version = sorted(self.redis.keys("*")), self.version("ten")
        self.load(self.write("ten.json", self.ten(name="New")), "--dry-run", changed=1)
        self.assertEqual((sorted(self.redis.keys("*")), self.version("ten")), (keys, version))

    def test_another_import_in_between_is_an_error_and_changes_nothing(self):
        self.load(self.write("ten.json", self.ten()))
        self.redis.execute_command("FUNCTION", "LOAD", "REPLACE", FUNCTIONS.replace(
            "local tag = keys[1]", "local tag = keys[1]\n  "
            "redis.call('HSET', tag .. ':directory', argv[1], 'theirs')", 1))
        path = self.write("ten.json", self.ten(name="New"))
        result = self.run_import(path)
        self.assertEqual(result.status, 1)
        self.assertIn("another import", result.err)
        self.assertEqual(self.version("ten"), "theirs")

    def test_without_redis_it_says_so(self):
        path = self.write("ten.json", self.ten())
        self.server.kill()
        self.server.wait()
        os.unlink(self.path("redis.sock"))
        result = self.run_import(path)
        self.assertEqual(result.status, 1)
        self.assertIn("Redis", result.err)

    def test_capacities_are_reported_once(self):
        def with_beds(available, updated):
            return [service(1, capacities=[{
                "id": str(uuid.UUID(int=7)), "available": available, "maximum": 24,
                "updated": updated, "unit": {"id": str(uuid.UUID(int=8)), "name": "beds"}}])]

        key = f"{{c1}}:place:{uuid.UUID(int=1)}"
        self.load(self.write("beds.json", with_beds(2, "2026-11-20T08:00:00Z")))
        self.assertEqual(self.redis.hgetall(key), {
            b"available": b"2", b"maximum": b"24", b"reported_at": b"1795161600000"})
        self.load(self.write("beds.json", with_beds(9, "2026-11-19T08:00:00Z")), changed=1)
        self.assertEqual(self.redis.hget(key, "available"), b"2")
        self.load(self.write("beds.json", with_beds(0, "2026-11-21T08:00:00Z")), changed=1)
        self.assertEqual(self.redis.hget(key, "available"), b"0")

    def test_killed_while_it_stages_the_old_version_stands(self):
        many = [service(n, description="d" * 2000) for n in range(1, 4001)]
        path = self.write("many.json", many)
        self.load(path, added=4000)
        version = self.version("many")
        for row in many:
            row["description"] = "e" * 2000
        self.write("many.json", many)
        staged, killed = set(), 0
        for _ in range(20):
            process = subprocess.Popen(self.command(path), cwd=ROOT, stdout=subprocess.DEVNULL)
            while process.poll() is None:
                staged = {key for key in self.redis.keys("{c1}:service:many:*")
                          if key.decode() != f"{{c1}}:service:many:{version}"}
                if staged:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
            killed += process.returncode == -signal.SIGKILL
            if self.version("many") != version:  # it was through before the signal
                version = self.version("many")
                for row in many:
                    row["description"] += "f"
                self.write("many.json", many)
            elif killed:
                break
        self.assertGreater(killed, 0)
        documents = self.documents("many")
        self.assertEqual(len(documents), 4000)
        self.assertEqual(len({d["description"] for d in documents.values()}), 1)
        for key in self.redis.keys("{c1}:service:many:*"):
            ttl = self.redis.ttl(key)
            if key.decode() == f"{{c1}}:service:many:{version}":
                self.assertEqual(ttl, -1)
            else:
                self.assertTrue(0 < ttl <= 3600, ttl)
        self.load(path, changed=4000)

    def test_what_was_staged_for_nothing_is_forgotten(self):
        path = self.write("ten.json", self.ten())
        self.load(path)
        keys = sorted(self.redis.keys("*"))
        path = self.write("ten.json", self.ten(name="New")[:5])
        self.load(path, status=3, removed=5, changed=1)
        self.assertEqual(sorted(self.redis.keys("*")), keys)
        self.load(self.write("none.json", [service(1, status="open")]), status=3)
        self.assertEqual(sorted(self.redis.keys("*")), keys)

    def test_what_was_sent_already_is_forgotten_when_a_guard_refuses(self):
        def many(text, count):
            return self.write("many.json", [service(n, description=text * 2000) for n in range(1, count + 1)])

        self.load(many("d", 900))
        keys, sent = sorted(self.redis.keys("*")), self.calls("hset")
        self.load(many("e", 600), status=3, removed=300, changed=600)
        self.assertGreater(self.calls("hset"), sent)  # more than one batch holds
        self.assertEqual(sorted(self.redis.keys("*")), keys)

    def calls(self, command):
        return self.redis.info("commandstats").get("cmdstat_" + command, {"calls": 0})["calls"]

    def test_killed_at_any_time_all_of_the_old_or_all_of_the_new_stands(self):
        def many(text):
            return self.write("many.json", [service(n, description=text * 2000) for n in range(1, 1501)])

        began = time.monotonic()
        self.load(many("a"))
        took, random, killed, old = time.monotonic() - began, Random(5), 0, "a"
        for new in "bcdefghi":
            path = many(new)
            process = subprocess.Popen(self.command(path), cwd=ROOT, stdout=subprocess.DEVNULL)
            try:
                process.wait(random.random() * took)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            documents = self.documents("many")
            texts = {document["description"][0] for document in documents.values()}
            self.assertEqual((len(documents), len(texts)), (1500, 1), new)
            self.assertLess(texts, {old, new})
            self.assertEqual(self.redis.ttl(f"{{c1}}:service:many:{self.version('many')}"), -1)
            old = texts.pop()
        self.assertGreater(killed, 0)

    def test_a_file_cut_anywhere_removes_nothing(self):
        whole = json.dumps(self.ten(), ensure_ascii=False).encode()
        lines = b"\n".join(json.dumps(row).encode() for row in self.ten())
        self.load(self.write("ten.json", whole))
        version, random = self.version("ten"), Random(7)
        for content in (whole, lines):
            for at in sorted(random.sample(range(1, len(content) - 1), 12)):
                result = self.run_import("--json", "--most-removed", "100", "--source", "ten",
                                         self.write("cut.json", content[:at]))
                self.assertIn(result.status, (0, 1, 3), (at, result.err))
                if result.status == 0:  # it ends between two rows, or behind the last
                    self.assertIn(content[:at].strip()[-1:], b"}]", at)
                    self.load(self.write("ten.json", whole), "--force")
                    version = self.version("ten")
                self.assertEqual(self.version("ten"), version, at)
        self.assertEqual(len(self.documents("ten")), 10)

    def test_of_two_imports_at_once_each_is_whole(self):
        files = [self.write(f"{word}.json", [service(n, description=word * 100)
                                             for n in range(1, 2001)]) for word in ("one", "two")]
        for _ in range(3):
            both = [subprocess.Popen(self.command("--source", "same", path), cwd=ROOT,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for path in files]
            statuses = [process.wait() for process in both]
            self.assertIn(0, statuses)
            self.assertLessEqual(set(statuses), {0, 1})
            documents = self.documents("same")
            self.assertEqual(len(documents), 2000)
            self.assertEqual(len({d["description"] for d in documents.values()}), 1)
            keys = self.redis.keys("{c1}:service:same:*")
            self.assertEqual(len(keys), 1, keys)

    def test_told_to_stop_it_changes_nothing_and_forgets_what_was_staged(self):
        many = "".join(json.dumps(service(n)) + "\n" for n in range(1, 20001))
        stopped = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            path = self.write("many.ndjson", many)
            process = subprocess.Popen(self.command(path), cwd=ROOT, stderr=subprocess.PIPE)
            while process.poll() is None and not self.redis.keys("{c1}:service:many:*"):
                pass
            process.send_signal(number)
            error = process.communicate()[1]
            if process.returncode == 1:
                self.assertIn(b"nothing was changed", error)
                self.assertEqual(self.redis.keys("*"), [])
                stopped += 1
            self.redis.flushdb()
        self.assertGreater(stopped, 0)

    def test_what_stands_as_it_was_is_kept_by_redis_itself(self):
        many = [service(n, description="d" * 1000) for n in range(1, 1001)]
        path = self.write("many.json", many)
        self.load(path, added=1000)
        before = self.documents("many")
        many[500]["name"] = "Another"
        self.redis.config_resetstat()
        self.load(self.write("many.json", many), changed=1, unchanged=999)
        said = self.redis.info("commandstats")["cmdstat_hset"]["calls"]
        self.assertLess(said, 1100)
        got = int(self.redis.info("stats")["total_net_input_bytes"])
        self.assertLess(got, 100000)  # of a megabyte of documents
        after = self.documents("many")
        changed = str(uuid.UUID(int=501))
        self.assertEqual(after.pop(changed)["name"], "Another")
        before.pop(changed)
        self.assertEqual(after, before)

    def test_what_redis_lost_while_it_was_staged_is_not_put_into_use(self):
        many = [service(n, description="d" * 2000) for n in range(1, 4001)]
        path = self.write("many.json", many)
        lose = self.redis.register_script("""
            for _, key in ipairs(redis.call('KEYS', '{c1}:service:many:*')) do
              if redis.call('HLEN', key) < 3000 then
                return redis.call('HDEL', key, redis.call('HRANDFIELD', key))
              end
            end
            return 0""")
        for _ in range(20):
            process = subprocess.Popen(self.command(path), cwd=ROOT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            lost = 0
            while process.poll() is None and not lost:
                lost = lose()
            status = process.wait()
            if lost:
                break
            self.redis.flushdb()
        self.assertEqual((lost, status, self.version("many")), (1, 1, None))


class RealTest(ImportTest):
    """Directories that others wrote, and the published schemas."""

    @classmethod
    def validator(cls):
        with open(os.path.join(SCHEMAS, "compiled", "service_with_definitions.json"),
                  encoding="utf-8") as file:
            schema = json.load(file)
        return jsonschema.Draft7Validator(schema)

    def check_valid(self, source):
        validator = self.validator()
        documents = self.documents(source)
        for id, document in documents.items():
            errors = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
                      for error in validator.iter_errors(document)]
            self.assertEqual(errors, [], id)
            self.assertEqual(document["id"], id)
        return documents

    @needs_hsds
    def test_the_validator_finds_what_is_wrong(self):
        with open(os.path.join(EXAMPLES, "service_full.json"), encoding="utf-8") as file:
            good = json.load(file)
        validator = self.validator()
        self.assertTrue(validator.is_valid(good))
        for path, value in ((["name"], 7), (["status"], "open"), (["phones", 0, "number"], None),
                            (["service_at_locations", 0, "location", "latitude"], "north"),
                            (["capacities", 0, "unit", "name"], 1)):
            bad = copy.deepcopy(good)
            place = bad
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            self.assertFalse(validator.is_valid(bad), path)

    @needs_hsds
    def test_the_official_examples_in_four_shapes(self):
        with open(os.path.join(EXAMPLES, "service_full.json"), encoding="utf-8") as file:
            full = json.load(file)
        stored = {}
        for name, content in (("nested", full), ("array", [full]),
                              ("page", {"first_page": True, "last_page": True, "contents": [full]}),
                              ("lines", json.dumps(full))):
            self.load(self.write("example.json", content), "--source", name, read=1, added=1,
                      quarantined={})
            stored[name] = as_published(self.check_valid(name)[full["id"]])
            self.assertEqual(stored[name].pop("x_source"), name)
        self.assertEqual(len({json.dumps(d, sort_keys=True) for d in stored.values()}), 1)
        expected = copy.deepcopy(full)
        for location in ([expected["service_at_locations"][0]["location"]] +
                         expected["organization"]["locations"]):
            location["x_latitude"] = location.pop("latitude")  # 100 is no latitude
            location["x_longitude"] = location.pop("longitude")
        for text in ("description",):
            expected[text] = expected[text].strip()
        self.assertEqual(stored["nested"], expected)

    @needs_hsds
    def test_every_official_example_of_services(self):
        for name, read in (("service_full", 1), ("service_list", 1), ("organization_full", 1),
                           ("service_at_location_full", 1), ("service_at_location_list", 1)):
            self.load(os.path.join(EXAMPLES, name + ".json"), read=read, added=read,
                      quarantined={})
            self.assertEqual(len(self.check_valid(name)), read)
        self.load(os.path.join(EXAMPLES, "taxonomy_term.json"), read=1, added=1, quarantined={})
        self.assertEqual(len(self.redis.keys("{c1}:taxonomy:taxonomy_term:*")), 1)
        for name in ("location", "base"):
            self.load(os.path.join(EXAMPLES, name + ".json"), status=3,
                      quarantined={"not_a_service": 1})

    @needs_hsds
    def test_what_was_dirty_is_valid_when_it_is_stored(self):
        odd = [service(1, description=["a"], phones={"number": 123}, languages=["uk", {}],
                       schedules=[{"freq": "daily", "timezone": "Kyiv", "wkst": "mo"}],
                       capacities=[{"available": "3", "updated": "2026-11-20T08:00:00Z"},
                                   {"available": "some"}, 7], program={"name": "P"},
                       organization={"name": "A", "year_incorporated": "2011", "phones": None},
                       contacts=[{"phones": [{"extension": "12"}, {"extension": "x"}]}],
                       service_at_locations=[{"location": {
                           "latitude": "48.9", "longitude": "24.7", "addresses": [{}]}}],
                       attributes=[{"taxonomy_term": {"code": "Food"}}, {"label": 1}],
                       cost_options={"amount": "12.50"}, metadata=[{}], last_modified=17)]
        self.load(self.write("odd.json", odd), added=1, quarantined={})
        document = self.check_valid("odd")[str(uuid.UUID(int=1))]
        location = document["service_at_locations"][0]["location"]
        self.assertEqual((location["latitude"], location["location_type"]), (48.9, "physical"))
        self.assertEqual(document["capacities"][0]["available"], 3)
        self.assertEqual(len(document["x_capacities"]), 2)
        self.assertEqual(document["schedules"][0]["wkst"], "MO")
        self.assertEqual(document["cost_options"][0]["amount"], 12.5)

    @needs_hsds
    def test_the_tables_are_those_of_the_published_schemas(self):
        ours, entity = {}, None
        with open(os.path.join(ROOT, "deploy", "referralctl", "import_hsds.def"),
                  encoding="utf-8") as file:
            for line in file:
                if line.startswith("#"):
                    continue
                name, _, rest = line.strip().partition("(")
                words = [word.strip() for word in rest.rstrip(")").split(",")]
                if name == "ENTITY":
                    entity = ours.setdefault(words[0], {})
                elif name in ("ID", "REF", "TEXT", "CODE", "NUMBER", "TIME", "WORD", "LIST", "ONE"):
                    field = "id" if name == "ID" else words[0]
                    entity[field] = (name, words[-1] == "REQUIRED",
                                     words[1] if name in ("WORD", "LIST", "ONE") else None)
        names = {os.path.basename(path)[:-5] for path in glob.glob(os.path.join(SCHEMAS, "*.json"))}
        self.assertEqual(names - set(ours), {"openapi", "meta_table_description"})
        for name, fields in ours.items():
            with open(os.path.join(SCHEMAS, name + ".json"), encoding="utf-8") as file:
                schema = json.load(file)
            self.assertEqual(set(fields), set(schema["properties"]), name)
            for field, about in schema["properties"].items():
                kind, is_required, more = fields[field]
                self.assertEqual(is_required, field in schema.get("required", []), (name, field))
                if "$ref" in about:
                    expected = ("ONE", about["$ref"][:-5])
                elif about.get("type") == "array":
                    expected = ("LIST", about["items"]["$ref"][:-5])
                elif about.get("enum"):
                    expected = ("WORD", '"' + "|".join(about["enum"]) + '"')
                elif about["type"] == "number":
                    expected = ("NUMBER", None)
                else:
                    self.assertIn(kind, ("ID", "REF", "TEXT", "CODE", "TIME"), (name, field))
                    continue
                self.assertEqual((kind, more), expected, (name, field))

    @needs_sanmateo
    def test_san_mateo(self):
        result = self.load(SANMATEO, "--map", "sanmateo", read=1703, added=1703, quarantined={},
                           without_terms=69)
        self.assertEqual(result.json["notes"]["agency_is_name"], 1060)
        self.assertEqual(result.json["understood"]["hours"], {"of": 965, "understood": 720})
        self.assertEqual(result.json["understood"]["eligibility"], {"of": 1665, "understood": 340})
        documents = {id: as_published(document)
                     for id, document in self.documents("locations").items()}
        self.assertEqual(len(documents), 1703)
        with open(SANMATEO, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        at = {(d["organization"]["name"], d["name"], (d.get("service_at_locations") or [{}])[0].get(
            "location", {}).get("addresses", [{}])[0].get("address_1") or None): d
            for d in documents.values()}
        self.assertEqual(len(at), 1703)
        points = terms = phones = 0
        for row in rows:
            def clean(text):
                return text and text.strip()

            document = at[clean(row.get("agency") or row["name"]), clean(row["name"]),
                          clean(row.get("street_address"))]
            location = (document.get("service_at_locations") or [{}])[0].get("location", {})
            if "coordinates" in row:
                points += [location["longitude"], location["latitude"]] == row["coordinates"]
            terms += {a["taxonomy_term"]["name"] for a in document.get("attributes", [])} == {
                keyword.strip() for keyword in row.get("keywords") or []}
            phones += {p["number"] for p in document.get("phones", []) if p["number"]} == {
                number.strip() for number in
                [p["number"] for list in row.get("phones", []) for p in list if "number" in p] +
                row.get("faxes", []) + row.get("ttys", []) +
                [row[name] for name in ("telephone_no", "fax_no") if name in row]}
        self.assertEqual((points, terms, phones), (1423, 1703, 1703))
        again = self.load(SANMATEO, unchanged=1703, added=0, changed=0, removed=0)
        self.assertEqual(again.json["notes"]["map_guessed"], 1)

    @needs_hsds
    @needs_sanmateo
    def test_san_mateo_is_valid_hsds(self):
        self.load(SANMATEO, "--map", "sanmateo")
        self.assertEqual(len(self.check_valid("locations")), 1703)

    @needs_demo
    def test_the_demo_directory(self):
        with open(DEMO, encoding="utf-8") as file:
            demo = json.load(file)
        self.load(DEMO, "--source", "demo", read=len(demo), added=len(demo), quarantined={})
        documents = self.documents("demo")
        for row in demo:
            self.assertEqual(as_published(documents[row["id"]]), dict(row, x_source="demo"))
        places = self.redis.keys("{c1}:place:*")
        self.assertEqual(len(places), sum("capacities" in row for row in demo))
        self.load(DEMO, "--source", "demo", unchanged=len(demo), added=0, changed=0)

    @needs_hsds
    @needs_demo
    def test_the_demo_directory_is_valid_hsds(self):
        self.load(DEMO, "--source", "demo")
        self.check_valid("demo")


if __name__ == "__main__":
    unittest.main()
