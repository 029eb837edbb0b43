# SPDX-License-Identifier: Apache-2.0
"""referralctl import of tables: flat CSV through maps, packages of tables joined by ids, and
what spreadsheets and people do to both."""

import csv
import io
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Network, wait_for  # noqa: E402
import import_test  # noqa: E402; the module, so that its tests are not taken for this file's

DATA = import_test.DATA


def needs(*path):
    return unittest.skipUnless(os.path.exists(os.path.join(DATA, *path)),
                               "REFERRAL_DATA without " + path[0])


class TabularTest(import_test.ImportTest):
    def write_package(self, **tables):
        """A folder of CSV files: name=text."""
        folder = self.path("package")
        os.makedirs(folder, exist_ok=True)
        for name, text in tables.items():
            self.write(os.path.join("package", name + ".csv"), text)
        return folder

    def by_name(self, source):
        return {d["name"]: d for d in self.documents(source).values()}


CNAP = "code;name;address;state;timetable;tel_consul;pandus;workers_total\r\n"


class TableTest(TabularTest):
    def test_a_table_finds_its_map_by_its_columns(self):
        path = self.write("cnap.csv", CNAP +
                          "7;Центр Рахів;вул. Миру, 5, м. Рахів, Закарпатська область;Діючий;пн: 08:00-17:00;-;1;17\r\n")
        result = self.load(path, read=1, added=1)
        self.assertEqual(result.json["notes"]["map_guessed"], 1)
        (made,) = self.documents("cnap").values()
        self.assertEqual(made["name"], "Центр Рахів")
        self.assertEqual(made["x_workers_total"], "17")
        self.assertNotIn("phones", made)
        address = made["service_at_locations"][0]["location"]["addresses"][0]
        self.assertEqual((address["city"], address["state_province"]),
                         ("м. Рахів", "Закарпатська область"))
        self.load(path, added=0, changed=0, removed=0, unchanged=1)

    def test_the_same_rows_in_any_encoding_are_the_same_services(self):
        text = CNAP + "7;Притулок;вул. Миру, 5;Діючий;пн: 08:00-17:00;0312;1;17\r\n" \
                      "8;Кімната;вул. Січових, 7;Діючий;вт: 09:00-18:00;0313;0;4\r\n"
        self.load(self.write("cnap.csv", text), added=2)
        for number, content in enumerate((
                text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("utf-16-le"),
                text.encode("utf-16-be"), text.encode("windows-1251"),
                text.replace(";", ",").replace("вул. Миру, 5", '"вул. Миру, 5"')
                .replace("вул. Січових, 7", '"вул. Січових, 7"'),
                text.replace("\r\n", "\r"), "sep=;\r\n" + text,
                "Реєстр центрів;;;;;;;\r\n" + text + "Всього;2;;;;;;21\r\n")):
            path = self.write("cnap.csv", content)
            with self.subTest(number):
                self.load(path, added=0, changed=0, removed=0, unchanged=2)

    def test_a_row_that_cannot_be_trusted_costs_itself_and_is_named_with_its_line(self):
        good = "{};Центр {};вул. Миру, 5;Діючий;пн: 08:00-17:00;0312;1;17\n"
        path = self.write("cnap.csv", CNAP.encode() + "".join((
            good.format(1, 1),
            "2;Центр 2;вул. Миру, 5;Діючий;пн;0312;1;17;ще;одна\n",
            "3;Центр\n3;вул. Миру, 5;Діючий;пн: 08:00-17:00;0312;1;17\n",
            good.format(4, 4),
            '5;"Центр 5;вул. Миру, 5;Діючий;пн: 08:00-17:00;0312;1;17\n',
            good.format(6, 6))).encode() + b"7;\xff\xfe;a;\xd0\x94;b;c;1;2\n8;;;;;;;\n")
        result = self.load(path, "--force", read=9, added=3)
        self.assertEqual(result.json["quarantined"], {
            "ragged_row": 3, "unclosed_quote": 1, "bad_utf8": 1, "heading_row": 1})
        self.assertEqual([(r["reason"], r["line"]) for r in self.report["rows"]], [
            ("ragged_row", 3), ("ragged_row", 4), ("ragged_row", 5), ("unclosed_quote", 7),
            ("bad_utf8", 9), ("heading_row", 10)])

    def test_a_cut_file_removes_nothing(self):
        good = "{};Центр {};вул. Миру, 5;Діючий;пн: 08:00-17:00;0312;1;17\r\n"
        rows = [good.format(n, n) for n in range(20)]
        self.load(self.write("cnap.csv", CNAP + "".join(rows)), added=20)
        result = self.load(self.write("cnap.csv", (CNAP + "".join(rows))[:-30]), status=3)
        self.assertEqual(result.json["refused"], "cut_file")

    def test_what_no_map_fits_is_an_error_that_says_so(self):
        result = self.run_import(self.write("x.csv", "a,b\n1,2\n"))
        self.assertEqual(result.status, 1)
        self.assertIn("fit none", result.err)
        self.assertIn('its columns are "a", "b"\n', result.err)
        for last in range(16):  # wherever the words end, they end in a whole name
            names = [f"column {number:03}" for number in range(200)]
            names[0] = "c" * (1 + last)
            result = self.run_import(self.write("wide.csv", ",".join(names) + "\n" + "1," * 199 + "1\n"))
            self.assertRegex(result.err, r'"c+", "column 001", .*, "column \d{3}" \.\.\.\n$')
            self.assertLess(len(result.err), 2200)
        result = self.run_import("--map", "ua-cnap", self.write("x.csv", "name,b\n1,2\n"))
        self.assertIn("lacks a column", result.err)
        result = self.run_import("--encoding", "morse", "--map", "ua-cnap",
                                 self.write("x.csv", CNAP))
        self.assertIn("no encoding of that name", result.err)


class PackageTest(TabularTest):
    """Rows of tables that name each other by id."""

    def test_tables_of_3_1_become_nested_services(self):
        folder = self.write_package(
            organizations="id,name,description\no1,Agency,Helps\no2,Idle,\n",
            services="id,organization_id,name,status,minimum_age\ns1,o1,Food,active,18\n",
            locations="id,organization_id,location_type,latitude,longitude\n"
                      "l1,o1,physical,50.5,30.5\nl2,o1,physical,1,1\n",
            service_at_location="id,service_id,location_id\nx1,s1,l1\n",
            addresses="id,location_id,address_1,city,state_province,postal_code,country,address_type\n"
                      "a1,l1,Main 1,Kyiv,Kyiv,01001,UA,physical\n",
            phones="id,service_id,number\np1,s1,112\n",
            schedules="id,service_at_location_id,freq,byday,opens_at,closes_at\n"
                      "h1,x1,WEEKLY,MO,08:00,17:00\n",
            languages="id,phone_id,name,code\ng1,p1,Ukrainian,uk\n",
            taxonomy_terms="id,code,name,taxonomy\nt1,BD,Food,211\nt2,BH,Housing,211\n",
            attributes="id,link_id,link_entity,taxonomy_term_id\nb1,s1,service,t1\n",
            service_capacity="id,service_id,unit_id,available,updated\nc1,s1,u1,5,2026-01-01T00:00:00Z\n",
            units="id,name\nu1,beds\n",
            notes="who,what\nme,this\n")
        result = self.load(folder, read=1, added=1)
        self.assertEqual(result.json["quarantined"], {})
        self.assertEqual({k: result.json["notes"][k] for k in (
            "organization_without_services", "not_referred", "unknown_table")},
            {"organization_without_services": 1, "not_referred": 2, "unknown_table": 1})
        (made,) = self.documents("package").values()
        place = made["service_at_locations"][0]
        self.assertEqual(made["organization"]["name"], "Agency")
        self.assertNotIn("locations", made["organization"])
        self.assertEqual(made["minimum_age"], 18)
        self.assertEqual(place["location"]["addresses"][0]["city"], "Kyiv")
        self.assertEqual(place["schedules"][0]["byday"], "MO")
        self.assertEqual(made["phones"][0]["languages"][0]["code"], "uk")
        self.assertEqual(made["attributes"][0]["taxonomy_term"]["code"], "BD")
        self.assertEqual(made["capacities"][0]["unit"]["name"], "beds")
        self.load(os.path.join(folder, "services.csv"), "--source", "package", unchanged=1, added=0)

    def test_tables_of_older_versions_are_the_same(self):
        folder = self.write_package(
            organization="id,name,url\no1,Agency,http://example.org\n",
            service="id,organization_id,name,status\ns1,o1,Food,active\n",
            location="id,name\nl1,Hall\n",
            services_at_location="id,service_id,location_id\nx1,s1,l1\n",
            **{"physical-addresses": "id,location_id,address_1,city\na1,l1,Main 1,Kyiv\n"},
            postal_addresses="id,location_id,address_1,city\na2,l1,Box 2,Kyiv\n",
            taxonomy="id,name,vocabulary\nt1,Food,own\n",
            services_taxonomy="id,service_id,taxonomy_id\nb1,s1,t1\n",
            service_areas="id,service_id,service_area\nr1,s1,Kyiv\n",
            languages="id,service_id,language\ng1,s1,Ukrainian\n",
            payments_accepted="id,service_id,payment\nm1,s1,cash\n",
            regular_schedules="id,service_id,weekday,opens_at,closes_at\nh1,s1,Monday,08:00,17:00\n",
            holiday_schedules="id,service_id,start_date,end_date,closed,opens_at\n"
                              "h2,s1,12/24/2026,12/26/26,true,08:00\nh3,s1,\"January 01, 0001\",,true,\n")
        result = self.load(folder, read=2, added=1)
        self.assertEqual(result.json["quarantined"], {"bad_date": 1})
        self.assertEqual(self.report["rows"][0]["file"], "holiday_schedules.csv")
        self.assertEqual(self.report["rows"][0]["line"], 3)
        (made,) = self.documents("package").values()
        self.assertEqual(made["organization"]["website"], "http://example.org")
        self.assertEqual(sorted(a["address_type"] for a in
                                made["service_at_locations"][0]["location"]["addresses"]),
                         ["physical", "postal"])
        self.assertEqual({a["taxonomy_term"]["name"] for a in made["attributes"] if "taxonomy_term" in a},
                         {"Food"})
        self.assertIn(("payment_accepted", "cash"),
                      {(a.get("label"), a.get("value")) for a in made["attributes"]})
        self.assertEqual(made["service_areas"][0]["name"], "Kyiv")
        self.assertEqual(made["languages"][0]["name"], "Ukrainian")
        weekly = next(s for s in made["schedules"] if s.get("freq") == "WEEKLY")
        holiday = next(s for s in made["schedules"] if "valid_from" in s)
        self.assertEqual((weekly["byday"], weekly["opens_at"]), ("MO", "08:00"))
        self.assertEqual((holiday["valid_from"], holiday["valid_to"], holiday["x_closed"]),
                         ("2026-12-24", "2026-12-26", True))
        self.assertNotIn("opens_at", holiday)

    def test_columns_under_names_of_their_own_are_known(self):
        self.load(self.write_package(
            organization="id,organization_name,desc,web_site\n1,Agency,Helps,http://example.org\n",
            service="id,organization_id,location_id,service_name,service_description,status,email_address\n"
                    "1,1,1,Food,Soup,active,a@example.org\n",
            location="id,location_name,lat,lng\n1,Hall,37.5,-122.5\n",
            address="id,location_id,street,city,state,zip\n1,1,Elm 1,Ely,MN,55731\n",
            phone="id,service_id,phone_number\n1,1,555-0100\n",
            regular_schedule="id,service_id,weekday,opens,closes\n1,1,1,09:00,17:00\n"), read=1, added=1, quarantined={})
        made = self.by_name("package")["Food"]
        self.assertEqual((made["organization"]["name"], made["organization"]["website"], made["description"], made["email"]),
                         ("Agency", "http://example.org", "Soup", "a@example.org"))
        location = made["service_at_locations"][0]["location"]
        self.assertEqual((location["name"], location["latitude"], location["addresses"][0]["postal_code"],
                          location["addresses"][0]["state_province"]), ("Hall", 37.5, "55731", "MN"))
        self.assertEqual(made["phones"][0]["number"], "555-0100")
        self.assertEqual((made["schedules"][0]["opens_at"], made["schedules"][0]["closes_at"]), ("09:00", "17:00"))

    def test_a_reference_that_leads_nowhere_costs_its_row(self):
        folder = self.write_package(
            organizations="id,name\no1,Agency\n",
            services="id,organization_id,name,status\ns1,o1,Food,active\ns2,gone,Soup,active\n",
            phones="id,service_id,number\np1,s1,112\n\np2,lost,113\n",
            required_documents="id,service_id,document,mood\nd1,s1,Passport,stern\nd1,s1,Visa,\n")
        result = self.load(folder, read=4, added=1)
        self.assertEqual(result.json["quarantined"], {"broken_reference": 2, "duplicate_id": 1})
        self.assertEqual({(r["reason"], r["file"], r["line"], r["field"], r.get("why")) for r in self.report["rows"]}, {
            ("broken_reference", "services.csv", 3, "organization_id", "gone"),
            ("broken_reference", "phones.csv", 4, "service_id", "lost"),
            ("duplicate_id", "required_documents.csv", 3, "id", None)})
        self.assertEqual(result.json["notes"]["unknown_column"], 1)
        (made,) = self.documents("package").values()
        self.assertEqual([p["number"] for p in made["phones"]], ["112"])
        self.assertEqual(made["required_documents"][0]["x_mood"], "stern")

    def test_files_of_one_kind_may_each_count_from_1(self):
        folder = self.write_package(
            organizations="id,name\n1,Agency\n",
            locations="id,organization_id,name\n1,1,Hall\n2,1,Annex\n",
            services="id,location_id,name,status\n1,1,Food,active\n2,2,Soup,active\n",
            addresses="id,location_id,address_1,city\n1,1,Main 1,Kyiv\n1,2,Main 9,Kyiv\n2,2,Main 2,Kyiv\n",
            physical_addresses="id,location_id,address_1,city\n2,2,Main 2,Kyiv\n",
            mail_addresses="id,location_id,address_1,city\n1,1,Box 1,Kyiv\n2,2,Box 2,Kyiv\n")
        result = self.load(folder, read=3, added=2)
        self.assertEqual(result.json["quarantined"], {"duplicate_id": 1})
        self.assertEqual([(r["file"], r["line"]) for r in self.report["rows"]], [("addresses.csv", 3)])
        made = self.by_name("package")
        for name, number in ("Food", 1), ("Soup", 2):
            addresses = made[name]["service_at_locations"][0]["location"]["addresses"]
            self.assertEqual([(a["address_type"], a["address_1"]) for a in addresses],
                             [("physical", f"Main {number}"), ("postal", f"Box {number}")])
            self.assertEqual(len({a["id"] for a in addresses}), 2)

    def test_the_package_says_which_file_is_which_table(self):
        secret = self.write("organizations.csv", "id,name\no1,Elsewhere\n")
        folder = self.write_package(
            list="id,organization_id,name,status\ns1,o1,Food,active\n",
            contacts="id,service_id,number\np1,s1,112\n", programs="id,name\no9,Idle\n")
        os.makedirs(os.path.join(folder, "data"))
        self.write("package/data/who.csv", "id,name\no1,Agency\n")
        self.write("package/datapackage.json", json.dumps({"resources": [
            {"name": "service", "path": "list.csv"}, {"name": "phone", "path": ["./contacts.csv"]},
            {"name": "organization", "path": "data/who.csv"}, {"name": "organization", "path": "../organizations.csv"},
            {"name": "organization", "path": secret}, {"name": "own", "path": "programs.csv"},
            {"name": "url", "path": "data/missing.csv"}, {"path": 3}, 4]}))
        for path in folder, os.path.join(folder, "datapackage.json"):
            self.load(path, "--source", "package", read=1)
        (made,) = self.documents("package").values()
        self.assertEqual((made["organization"]["name"], made["phones"][0]["number"]), ("Agency", "112"))
        self.assertEqual([(n["reason"], n["file"]) for n in self.report["noted"] if n["reason"] == "not_referred"],
                         [("not_referred", "programs.csv")])
        self.write("package/datapackage.json", '{"resources": [')
        self.assertNotEqual(self.run_import(folder).status, 0)

    def test_a_folder_without_services_is_no_package(self):
        result = self.run_import(self.write_package(places="a,b\n1,2\n"))
        self.assertEqual(result.status, 1)


SECRETS = ("Hidden Lane", "555-0199", "Rosa Quell", "rosa@", "Moonlight House", "61.234567", "Lane Annex")


def rows_211(*rows):
    """A wide table of iCarol's columns, as many as are used."""
    names = sorted({name for row in rows for name in row})
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def row_211(level, number, name, agency="1", **more):
    return {"TaxonomyLevelName": level, "ResourceAgencyNum": number, "PublicName": name,
            "ParentAgencyNum": agency, "ParentAgency": "Aid", "AgencyStatus": "Active", **more}


SHELTER = (
    row_211("Agency", "1", "Aid", WebsiteAddress="http://example.org"),
    row_211("Site", "2", "Moonlight House", PhysicalAddress1="13 Hidden Lane", PhysicalCity="Ely",
            PhysicalAddressIsPrivate="Yes", Latitude="61.234567", Longitude="-149.5",
            BusServiceAccess="Bus to Hidden Lane", DisabilitiesAccess="Ramp at Lane Annex"),
    row_211("Site", "3", "Town Hall", PhysicalAddress1="1 Main Street", PhysicalCity="Ely",
            PhysicalCountry="United States"),
    row_211("Program", "4", "Safe nights", TaxonomyCodes="BH-1800.1500*FN-1500; BH-1800",
            AgencyDescription="<p>A bed.<br/>For women</p>", LastVerifiedOn="2025-08-04 0:00:00",
            UpdatedOn="2025-09-14 6:25:10", LanguagesOfferedList="Spanish; Ukrainian", Coverage="MD - Ely; MD - Roe; ",
            TemporaryMessage="Closed for repairs", TemporaryMessageAppears="6/1/2026",
            TemporaryMessageExpires="2026-07-01 0:00:00", AvailableForReferral="FALSE", PhysicalAddressIsPrivate="No",
            Phone1Number="555-0100", Phone1Name="Main", Phone1IsPrivate="FALSE", Phone2Number="555-0199",
            Phone2Name="Inside line", Phone2IsPrivate="TRUE", MainContactName="Rosa Quell",
            MainContactEmailAddress="rosa@example.org", MainContactIsPrivate="Yes", MadeInactiveOn="1900-01-01"),
    row_211("Program", "5", "Legal help", AgencyStatus="Active, but do not refer"),
    row_211("Program", "6", "Staff only", ExcludeFromWebsite="Yes", AgencyStatus=""),
    row_211("ProgramAtSite", "7", "Safe nights at Moonlight House", ConnectsToProgramNum="4", ConnectsToSiteNum="2"),
    row_211("ProgramAtSite", "8", "Legal help at Town Hall", ConnectsToProgramNum="5", ConnectsToSiteNum="3"),
    row_211("ProgramAtSite", "9", "Legal help, once", ConnectsToProgramNum="5", ConnectsToSiteNum="2",
            AgencyStatus="Inactive"),
    row_211("ProgramAtSite", "10", "Of nobody", ConnectsToProgramNum="99", ConnectsToSiteNum="3"),
    row_211("Site", "13", "Lane Annex", PhysicalAddressIsPrivate="Yes", Latitude="161.234567", Longitude="1"),
    row_211("ProgramAtSite", "14", "Safe nights at the annex", ConnectsToProgramNum="4", ConnectsToSiteNum="13"),
    row_211("Memo", "11", "Call back"),
    row_211("Program", "12", "Of another", agency="77", ParentAgency="Elsewhere"))


def facts(document):
    return {a["label"]: a["value"] for a in document.get("attributes", ()) if
            a.get("taxonomy_term", {}).get("taxonomy") == "hearthline-facts"}


class Wide211Test(TabularTest):
    def test_agencies_sites_and_programs_become_services_at_places(self):
        result = self.load(self.write("wide.csv", rows_211(*SHELTER)), read=6, added=4)
        self.assertEqual(result.json["quarantined"], {"broken_reference": 1, "not_a_service": 1})
        notes = result.json["notes"]
        self.assertEqual((notes["map_guessed"], notes["inactive_place"], notes["status_assumed"],
                          notes["private_left_out"], notes["column_left_out"]), (1, 1, 1, 1, 1))
        made = self.by_name("wide")
        self.assertEqual(set(made), {"Safe nights", "Legal help", "Staff only", "Of another"})
        shelter = made["Safe nights"]
        self.assertEqual(shelter["organization"]["website"], "http://example.org")
        self.assertEqual([a["taxonomy_term"]["code"] for a in shelter["attributes"]
                          if a["taxonomy_term"]["taxonomy"] == "211"],
                         ["BH-1800.1500", "FN-1500", "BH-1800"])
        self.assertEqual({k: v for k, v in facts(shelter).items() if k.startswith(("notice", "referral"))}, {
            "notice_starts": "2026-06-01", "notice_ends": "2026-07-01", "referral_allowed": "no"})
        self.assertEqual(shelter["alert"], "Closed for repairs")
        self.assertEqual(shelter["assured_date"], "2025-08-04")
        self.assertEqual(shelter["last_modified"], "2025-09-14T06:25:10Z")
        self.assertEqual([x["code"] for x in shelter["languages"]], ["es", "uk"])
        self.assertEqual([p["number"] for p in shelter["phones"]], ["555-0100"])
        self.assertNotIn("contacts", shelter)
        location = shelter["service_at_locations"][0]["location"]
        self.assertEqual(facts(location), {"confidentiality": "address_hidden"})
        self.assertEqual(facts(made["Legal help"])["referral_allowed"], "no")
        self.assertEqual([p["location"]["name"] for p in made["Legal help"]["service_at_locations"]], ["Town Hall"])
        self.assertEqual(facts(made["Staff only"])["confidentiality"], "cleared")
        self.assertEqual(made["Of another"]["organization"]["name"], "Elsewhere")
        self.load(self.path("wide.csv"), unchanged=4, added=0, changed=0)

    def test_any_word_but_no_keeps_an_address_private(self):
        for word, hidden in (("Yes", True), ("TRUE", True), ("1", True), ("Confidential", True),
                             ("No", False), ("FALSE", False), ("", False)):
            row = row_211("Site", "2", "House", PhysicalAddress1="13 Hidden Lane", PhysicalAddressIsPrivate=word)
            self.load(self.write("wide.csv", rows_211(SHELTER[0], SHELTER[3], SHELTER[6], row)), "--force")
            (made,) = self.documents("wide").values()
            with self.subTest(word):
                self.assertEqual("confidentiality" in facts(made["service_at_locations"][0]["location"]), hidden)


class PrivateTest(unittest.TestCase):
    """A shelter that the publisher hides, all the way from its row to the answers."""

    def test_what_is_private_comes_out_nowhere(self):
        with Network(demo=False) as network:
            path = os.path.join(network.dir, "wide.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.write(rows_211(*SHELTER))
            network.ctl("import", path)
            found = wait_for(lambda: [s for s in network.http(
                "GET", "/api/v1/services?q=safe").json.get("services", ()) if s["name"] == "Safe nights"],
                what="the shelter to be found")
            answers = [network.http("GET", f"/api/v1/services/{found[0]['id']}")]
            for query in ("q=hidden", "q=moonlight", "q=safe", "q=annex", "near=61.234567,-149.5"):
                answers.append(network.http("GET", "/api/v1/services?" + query))
            self.assertEqual({a.status for a in answers}, {200})
            for text in [repr(a.body) for a in answers] + [network.logs()]:
                for secret in SECRETS:
                    self.assertNotIn(secret, text)


class RealTablesTest(TabularTest):
    """What publishers really have; twice, since the second time must change nothing."""

    def twice(self, path, *options, **counts):
        result = self.load(os.path.join(DATA, *path), "--source", "real", *options, **counts)
        again = self.load(os.path.join(DATA, *path), "--source", "real", *options, added=0, changed=0,
                          removed=0, unchanged=result.json["added"])
        self.assertEqual(again.json["quarantined"], result.json["quarantined"])
        return result.json

    @needs("ua-cnap-centres")
    def test_ukrainian_service_centres(self):
        self.twice(("ua-cnap-centres", "cnap_centres.csv"), read=2018, added=2018)
        self.assertTrue(all(d["service_at_locations"][0]["location"]["addresses"]
                            for d in self.documents("real").values()))

    @needs("ua-health-providers")
    def test_ukrainian_health_providers(self):
        self.twice(("ua-health-providers", "providers.csv"), read=2846, added=2846)
        points = [d for d in self.documents("real").values()
                  if "latitude" in d["service_at_locations"][0]["location"]]
        self.assertEqual(len(points), 2787)

    @needs("ohana-smc-sanmateo", "sample-csv")
    def test_a_package_of_ohana(self):
        result = self.twice(("ohana-smc-sanmateo", "sample-csv"), added=23)
        self.assertEqual(result["quarantined"], {"bad_date": 3})
        made = self.by_name("real")["Fair Oaks Adult Activity Center"]
        self.assertEqual(made["organization"]["name"], "Peninsula Family Service")
        location = made["service_at_locations"][0]["location"]
        self.assertEqual(location["addresses"][0]["city"], "Redwood City")
        self.assertIn("ramp", [a["description"] for a in location["accessibility"]])

    @needs("hsds-spec-3", "examples", "csv")
    def test_the_package_of_the_specification(self):
        self.twice(("hsds-spec-3", "examples", "csv"), added=1)


if __name__ == "__main__":
    unittest.main()
