# SPDX-License-Identifier: Apache-2.0
"""referralctl import of every form in which directories come as JSON: each is recognised by what it
holds, becomes HSDS 3.1, and says nothing that it did not say before."""

import json
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from import_test import DATA, EXAMPLES, ImportTest, needs_hsds, service  # noqa: E402

JORDAN = os.path.join(DATA, "unhcr-jordan-services")
UK = os.path.join(DATA, "oruk-validator-fixtures", "Mocks", "V3.0-UK-Default")


def feature(number, words=(), **properties):
    """An activity of Services Advisor."""
    made = {"activity": 5, "activityName": "Cash", "partnerName": "P", "endDate": "2999-12-31"}
    made.update(properties)
    for name, word in words:
        made.setdefault(name, {})[word] = True
    return {"type": "Feature", "id": number, "properties": made,
            "geometry": {"type": "Point", "coordinates": [35.7, 32.0]}}


def facts(document):
    return {a["label"]: a["value"] for a in document["attributes"] if "label" in a}


class FormatsTest(ImportTest):
    def one(self, source):
        documents = list(self.documents(source).values())
        self.assertEqual(len(documents), 1)
        return documents[0]


class OlderTest(FormatsTest):
    """HSDS 1.x and 2.0, Ohana, Open Referral UK 1.0."""

    UK_SERVICE = {
        "id": str(uuid.UUID(int=1)), "name": "Youth club", "status": "active", "fees": "none",
        "deliverable_type": "Advice", "attending_access": "drop-in",
        "organization": {"id": "o1", "name": "Council", "description": "", "url": "http://c.org"},
        "eligibilitys": [{"id": "e1", "eligibility": "young people", "minimum_age": 11,
                          "maximum_age": 16},
                         {"id": "e2", "eligibility": "carers", "minimum_age": 14,
                          "maximum_age": 25}],
        "fundings": [{"id": "f1", "source": "the council"}],
        "regular_schedules": [{"id": "r1", "byday": "MO,WE", "opens_at": "16:00",
                               "closes_at": "18:00"}],
        "holiday_schedules": [{"id": "h1", "closed": True, "start_date": "2026-12-24",
                               "end_date": "2027-01-02"}],
        "languages": [{"id": "l1", "language": "Welsh"}, {"id": "l2", "language": "en"}],
        "service_areas": [{"id": "a1", "service_area": "Bristol"}],
        "service_taxonomys": [{"id": "t1", "taxonomy": {
            "id": "types:321", "name": "Youth", "vocabulary": "esdServiceTypes"}}],
        "contacts": [{"id": "c1", "name": "Ann", "phones": [{"id": "p1", "number": "0117"}]}],
        "service_at_locations": [{"id": "s1", "location": {
            "id": "x1", "name": "Hall", "latitude": 51.4, "longitude": -2.6,
            "physical_addresses": [{"id": "y1", "address_1": "High Street", "city": "Bristol",
                                    "postal_code": "BS1"}],
            "accessibility_for_disabilities": [{"id": "z1", "accessibility": "ramp"}]}}],
    }

    def check_uk(self, document):
        self.assertEqual((document["minimum_age"], document["maximum_age"]), (11, 25))
        self.assertEqual(document["eligibility_description"], "young people\ncarers")
        self.assertEqual(document["funding"][0]["source"], "the council")
        weekly, holiday = document["schedules"][:2]
        self.assertEqual((weekly["freq"], weekly["byday"], weekly["opens_at"]),
                         ("WEEKLY", "MO,WE", "16:00"))
        self.assertEqual((holiday["valid_from"], holiday["valid_to"], holiday["x_closed"]),
                         ("2026-12-24", "2027-01-02", True))
        self.assertNotIn("opens_at", holiday)
        self.assertEqual([(one.get("name"), one.get("code")) for one in document["languages"]],
                         [("Welsh", None), (None, "en")])
        self.assertEqual(document["service_areas"][0]["name"], "Bristol")
        term = document["attributes"][0]["taxonomy_term"]
        self.assertEqual((term["code"], term["name"], term["taxonomy"]),
                         ("types:321", "Youth", "esdServiceTypes"))
        location = document["service_at_locations"][0]["location"]
        self.assertEqual((location["latitude"], location["addresses"][0]["city"],
                          location["addresses"][0]["address_type"],
                          location["accessibility"][0]["description"]),
                         (51.4, "Bristol", "physical", "ramp"))
        self.assertEqual(document["organization"]["website"], "http://c.org")
        self.assertEqual(document["contacts"][0]["phones"][0]["number"], "0117")
        self.assertEqual(document["deliverable_type"], "Advice")

    def test_open_referral_uk_1(self):
        page = {"totalElements": 1, "totalPages": 1, "number": 1, "size": 1, "first": True,
                "last": True, "empty": False, "content": [self.UK_SERVICE]}
        path = self.write("uk.json", page)
        self.load(path, added=1, quarantined={})
        self.check_uk(self.one("uk"))
        self.load(path, unchanged=1)

    def test_names_in_camel_case(self):
        def camel(value):
            if isinstance(value, list):
                return [camel(one) for one in value]
            if not isinstance(value, dict):
                return value
            return {"".join(w.title() if i else w for i, w in enumerate(k.split("_")))
                    if not k.endswith("_1") else k: camel(v) for k, v in value.items()}

        self.load(self.write("camel.ndjson", json.dumps(camel(self.UK_SERVICE)) + "\n"), added=1)
        document = self.one("camel")
        document["deliverable_type"] = document.pop("deliverable_type")
        self.check_uk(document)

    def test_a_location_of_ohana_gives_its_services(self):
        self.load(self.write("ohana.json", [{
            "id": 22, "name": "Redwood City Main", "coordinates": [-122.2, 37.4],
            "address": {"id": 1, "address_1": "1044 Middlefield Road", "city": "Redwood City"},
            "mail_address": {"id": 2, "address_1": "Box 1", "city": "Redwood City"},
            "accessibility": ["elevator"], "phones": [
                {"id": 3, "number": "650", "number_type": "voice", "department": "Desk"}],
            "regular_schedules": [{"weekday": "Sunday", "opens_at": "2000-01-01T10:00:00.000Z",
                                   "closes_at": "2000-01-01T17:30:00.000Z"}],
            "organization": {"id": 8, "name": "Library", "website": "http://l.org"},
            "services": [{"id": 24, "name": "Books", "status": "active", "keywords": ["books"],
                          "eligibility": "Everybody", "categories": [
                              {"id": 1, "taxonomy_id": "105-03", "name": "Reading"}],
                          "service_areas": ["San Mateo County"], "languages": ["Spanish"]},
                         {"id": 25, "name": "Rooms", "status": "open"}]}]),
                  read=2, added=1, quarantined={"bad_status": 1})
        document = self.one("ohana")
        self.assertEqual(document["organization"]["name"], "Library")
        self.assertEqual(document["eligibility_description"], "Everybody")
        self.assertLessEqual({"books", "105-03"},
                             {a["taxonomy_term"]["code"] for a in document["attributes"]})
        location = document["service_at_locations"][0]["location"]
        self.assertEqual((location["longitude"], location["latitude"]), (-122.2, 37.4))
        self.assertEqual({a["address_type"]: a["address_1"] for a in location["addresses"]},
                         {"physical": "1044 Middlefield Road", "postal": "Box 1"})
        schedule = location["schedules"][0]
        self.assertEqual((schedule["byday"], schedule["opens_at"], schedule["closes_at"]),
                         ("SU", "10:00", "17:30"))
        self.assertEqual((location["phones"][0]["type"], location["phones"][0]["description"]),
                         ("voice", "Desk"))

    def test_a_container_whose_lists_are_older(self):
        older = dict(self.UK_SERVICE, organization_id="o1")
        organization = older.pop("organization")
        older["service_at_locations"] = [{"id": "s1", "location_id": "x1"}]
        location = self.UK_SERVICE["service_at_locations"][0]["location"]
        self.load(self.write("all.json", {"services": [older], "organizations": [organization],
                                          "locations": [location]}), added=1)
        self.check_uk(self.one("all"))

    def test_hsds_3_is_not_taken_for_older(self):
        self.load(self.write("new.json", [service(1, url="http://a.org")]), added=1)
        self.assertEqual(self.one("new")["url"], "http://a.org")


class AdvisorTest(FormatsTest):
    """Services Advisor, in two languages."""

    HOURS = (("6. Availability", "Every Day"), ("7. Availability Day", "Sun-Thurs"),
             ("8. Office Open at", "8:30am"), ("9. Office close at", "Close at 17:00pm"))

    def load_one(self, *words, **properties):
        self.load(self.write("advisor.json", [feature(7, words, **properties)]), "--force", read=1,
                  quarantined={})
        return self.one("advisor")

    def test_hours_are_read_where_they_are_certain(self):
        schedule = self.load_one(*self.HOURS)["schedules"][0]
        self.assertEqual((schedule["byday"], schedule["opens_at"], schedule["closes_at"]),
                         ("SU,MO,TU,WE,TH", "08:30", "17:00"))
        self.assertEqual(self.report["understood"]["hours"], {"of": 1, "understood": 1})
        for without in range(4):
            document = self.load_one(*(self.HOURS[:without] + self.HOURS[without + 1:]))
            self.assertEqual(self.report["understood"]["hours"], {"of": 1, "understood": 0})
            self.assertNotIn("opens_at", document["schedules"][0])
        for other in (("6. Availability", "Once a month"), ("8. Office Open at", "12:00am"),
                      ("8. Office Open at", "Always open"), ("8. Office Open at", "18:30am"),
                      ("9. Office close at", "Never closed")):
            words = [other if name == other[0] else (name, word) for name, word in self.HOURS]
            schedule = self.load_one(*words)["schedules"][0]
            self.assertNotIn("opens_at", schedule, other)
            self.assertIn(other[1], schedule["description"])
        twice = self.load_one(*self.HOURS, ("8. Office Open at", "13:00pm"))["schedules"][0]
        self.assertNotIn("opens_at", twice)

    def test_a_polygon_is_the_area_of_the_service(self):
        row = feature(7, ())
        row["geometry"] = {"type": "Polygon", "coordinates": [[[36, 31], [37, 31], [37, 32], [36, 31]]]}
        self.load(self.write("advisor.json", [row]), read=1, quarantined={})
        (area,) = self.one("advisor")["service_areas"]
        self.assertEqual((area["extent_type"], json.loads(area["extent"])), ("geojson", row["geometry"]))

    def test_what_has_ended_is_inactive(self):
        self.assertEqual(self.load_one(endDate="2014-12-31")["status"], "inactive")
        self.assertEqual(self.report["notes"]["ended"], 1)
        self.assertEqual(self.load_one(endDate="2999-12-31")["status"], "active")
        self.assertEqual(self.load_one(endDate="some day")["status"], "active")

    def test_how_to_refer_and_how_soon_it_answers(self):
        document = self.load_one(("10. Referral Method", "Telephone on a per case basis"),
                                 ("12. Response delay after referrals", "One week"))
        self.assertEqual(facts(document),
                         {"referral_method": "phone", "response_within_hours": "168"})
        document = self.load_one(("10. Referral Method", "Referrals not accepted"),
                                 ("12. Response delay after referrals", "Case by case basis"))
        self.assertEqual(facts(document), {"referral_allowed": "no"})

    def test_two_languages_are_one_directory(self):
        english = self.write("en.json", [feature(1), feature(1, activity=6, activityName="Food"),
                                         feature(2)])
        arabic = self.write("ar.json", [feature(1, activityName="نقد", comments="ملاحظة"), feature(
            1, activity=6, activityName="غذاء"), feature(3, activityName="مأوى")])
        for counts in ({"added": 3}, {"unchanged": 3}):
            self.load(english, "--translation", f"ar={arabic}", **counts)
        self.assertEqual(self.report["notes"]["translates_nothing"], 1)
        said = sorted((d["name"], json.dumps(d.get("x_translations"), ensure_ascii=False))
                      for d in self.documents("en").values())
        self.assertEqual(said, [
            ("Cash", "null"), ("Cash", '{"ar": {"description": "ملاحظة", "name": "نقد"}}'),
            ("Food", '{"ar": {"name": "غذاء"}}')])

    def test_features_of_something_else_need_a_map(self):
        path = self.write("other.json", {"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"a": 1}, "geometry": None}]})
        result = self.run_import(path)
        self.assertEqual(result.status, 1)
        self.assertIn("--map", result.err)

    @unittest.skipUnless(os.path.isdir(JORDAN), "REFERRAL_DATA without unhcr-jordan-services")
    def test_jordan_in_english_and_arabic(self):
        path = os.path.join(JORDAN, "services_2015_EN.json")
        options = ("--source", "jordan", "--translation",
                   "ar=" + os.path.join(JORDAN, "services_2015_AR.json"))
        self.load(path, *options, read=562, added=562, quarantined={})
        documents = self.documents("jordan").values()
        self.assertEqual(sum("x_translations" in d for d in documents), 562)
        self.assertEqual(sum("opens_at" in s for d in documents
                             for s in d.get("schedules", [])[:1]), 271)
        self.assertEqual(self.report["understood"]["hours"], {"of": 510, "understood": 271})
        self.assertEqual({d["status"] for d in documents}, {"inactive"})
        self.load(path, *options, unchanged=562, added=0, changed=0, removed=0)


class FilesTest(FormatsTest):
    """Several files, and what the words of the command say of them."""

    def test_a_folder_of_pages(self):
        os.mkdir(self.path("pages"))
        for number in range(1, 13):
            self.write(f"pages/page-{number}.json", {
                "total_pages": 12, "first_page": number == 1, "last_page": number == 12,
                "contents": [service(number)]})
        self.write("pages/readme.txt", "no page")
        self.load(self.path("pages"), added=12)
        self.assertEqual(self.report["notes"], {})
        os.mkdir(self.path("empty"))
        self.assertEqual(self.run_import(self.path("empty")).status, 1)

    @needs_hsds
    def test_every_official_example_is_accounted_for(self):
        counted = {}
        for name in sorted(os.listdir(EXAMPLES)):
            if not name.endswith(".json"):
                continue
            result = self.run_import("--json", "--dry-run", "--source", "x",
                                     os.path.join(EXAMPLES, name))
            counted[name[:-5]] = result.json["read"] if result.json else result.err
        self.assertEqual(len(counted), 13)
        for name in ("organization_full", "service_at_location_full", "service_at_location_list",
                     "service_full", "service_list"):
            self.assertEqual(counted[name], 1, name)
        self.assertEqual(counted["tabular"], 5)  # a service, and four rows that name what is not there
        self.assertEqual(counted["organization_list"], 0)  # without services: noted

    @unittest.skipUnless(os.path.isdir(UK), "REFERRAL_DATA without oruk-validator-fixtures")
    def test_open_referral_uk_3(self):
        for name in ("service_full", "service_list", "organization_full",
                     "service_at_location_full", "service_at_location_list"):
            self.load(os.path.join(UK, name + ".json"), read=1, added=1, quarantined={})

    def test_what_a_file_is_taken_for_is_said(self):
        for content, expected in ((service(1), "hsds"), (OlderTest.UK_SERVICE, "older"),
                                  (feature(1), "services_advisor")):
            result = self.load(self.write("one.json", [content]), "--source", expected)
            self.assertEqual(result.json["format"], expected)
        result = self.run_import(self.write("page.html", "<html></html>"))
        self.assertEqual(result.status, 1)
        for word in ("hsds", "older", "services_advisor", "map"):
            self.assertIn(f"\n  {word} ", result.err)

    def test_a_format_that_is_named_is_used(self):
        path = self.write("flat.json", [service(1)])
        self.assertEqual(self.run_import("--format", "older", path).status, 0)
        for words in (["--format", "nothing"], ["--format", "geojson"], ["--format", "map"],
                      ["--format", "hsds", "--map", "sanmateo"], ["--translation", "ar"],
                      ["--translation", "=x"]):
            self.assertEqual(self.run_import(*words, path).status, 2, words)
        self.assertEqual(self.run_import("--translation", "ar=/nowhere", path).status, 1)


del ImportTest  # its tests are run by import_test.py

if __name__ == "__main__":
    unittest.main()
