# SPDX-License-Identifier: Apache-2.0
"""referralctl import --suggest-map: a draft of a field map for a table that no map fits."""

import gzip
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import import_test  # noqa: E402; the module, so that its tests are not taken for this file's

ENGLISH = """Register of helpers,,,,,,,,,,,,,,,,\r
Record ID,Organization name,Service name,Description,Phone/Fax,E-mail,Website,Street Address,City,State,ZIP Code,Lat,Long,\
Opening hours,Languages,Age group,Categories,Last updated,Floor\r
r1,Harbour\u00a0,Hot meals,Soup for all,+1 650 555 0101; +1 650 555 0102,a@example.org,https://example.org,1 Main St,\
Pacifica,CA,94044,37.61,-122.48,Mon-Fri 09:00-17:00,English; Spanish,18-60,Food;Hot meals,2026-03-01,2nd\r
,,,,,,,,,,,,,,,,,,\r
r2,Harbour,Beds,n/a,n/a,,,2 Main St,Pacifica,CA,94044,,,,,,Shelter,,\r
Total,2,,,,,,,,,,,,,,,,,\r
"""
UKRAINIAN = """Перелік надавачів;;;;;;;;;;;;;;;;;\r
Ідентифікатор;Назва організації;Назва послуги;Опис;Контактний телефон;Ел. пошта;Сайт;Адреса;Населений пункт;Область;\
Поштовий індекс;Широта;Довгота;Графік роботи;Мови;Вік;Види послуг;Дата оновлення;Ім'я пса;Поверх\r
r1;Гавань\u00a0;Гарячі обіди;Обід для всіх;0312 61 01 01; a@example.org;https://example.org;вул. Миру, 5;\
Ужгород;Закарпатська область;88000;48,62;22,29;пн-пт 09:00-17:00;українська, англійська;18-60;Їжа|Обіди;01.03.2026;Рекс;2\r
;;;;;;;;;;;;;;;;;;;\r
r2;Гавань;Ліжка;немає;немає;;;вул. Миру, 7;Ужгород;Закарпатська область;88000;;;;;;Притулок;;;\r
Всього;2;;;;;;;;;;;;;;;;;;\r
"""
RUSSIAN = """Идентификатор\tНаименование организации\tУслуга\tОписание услуги\tТелефон\tЭлектронная почта\tВеб-сайт\tАдрес\tГород\t\
Регион\tИндекс\tКоординаты\tРежим работы\tЯзыки\tВозраст\tКатегория\tДата обновления\tЭтаж\r
r1\tГавань\u00a0\tГорячие обеды\tОбед для всех\t+7 495 555 01 01\ta@example.org\thttps://example.org\tул. Мира, 5\tМосква\t\
Москва\t101000\t55,75; 37,61\tпн-пт 09:00-17:00\tрусский\t18-60\tЕда\t01.03.2026\t2\r
\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\r
r2\tГавань\tКойки\tн/д\tн/д\t\t\tул. Мира, 7\tМосква\tМосква\t101000\t\t\t\t\tПриют\t\t\r
Итого\t2\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\r
"""


class SuggestTest(import_test.ImportTest):
    def suggest(self, content):
        path = self.write("helpers.csv", content)
        draft = self.run_import("--suggest-map", path)
        self.assertEqual((draft.status, draft.err), (0, ""))
        self.load(path, "--map", self.write("draft.json", draft.out), "--source", "helpers")
        return draft.json, {d["name"]: d for d in self.documents("helpers").values()}

    def check(self, content, names, city, point, languages, terms, phones, unplaced):
        draft, made = self.suggest(content)
        self.assertEqual(self.report["quarantined"], {})
        self.assertEqual(self.report["notes"]["totals_row"], 1)
        self.assertEqual(sorted(made), sorted(names))
        self.assertEqual(len(draft["identity"]), 1)
        for text in unplaced:
            self.assertIn(f"Not placed: {text}.", draft["about"])
        self.assertEqual(len(draft["about"]), 1 + len(unplaced))
        full, sparse = made[names[0]], made[names[1]]
        location = full["service_at_locations"][0]["location"]
        self.assertEqual((location["latitude"], location["longitude"]), point)
        self.assertEqual(location["addresses"][0]["city"], city)
        self.assertEqual((full["email"], full["url"]), ("a@example.org", "https://example.org"))
        self.assertEqual((full["minimum_age"], full["maximum_age"]), (18, 60))
        self.assertEqual([entry["code"] for entry in full["languages"]], languages)
        self.assertEqual([phone["number"] for phone in full["phones"]], phones)
        self.assertEqual([a["taxonomy_term"]["name"] for a in full["attributes"]
                          if a.get("taxonomy_term", {}).get("taxonomy") == "keywords"], terms)
        self.assertTrue(full["last_modified"].startswith("2026-03-01"))
        self.assertIn("09:00", json.dumps(full["schedules"]))
        self.assertNotIn("phones", sparse)
        self.assertNotIn("description", sparse)
        self.assertNotIn("latitude", sparse["service_at_locations"][0]["location"])
        return full

    def test_the_draft_for_an_english_table_imports_it(self):
        full = self.check("\ufeff" + ENGLISH, ("Hot meals", "Beds"), "Pacifica", (37.61, -122.48), ["en", "es"],
                          ["Food", "Hot meals"], ["+1 650 555 0101", "+1 650 555 0102"],
                          ['"Floor", for example "2nd"'])
        self.assertEqual(full["organization"]["name"], "Harbour")
        self.assertEqual(full["x_Floor"], "2nd")

    def test_the_draft_for_a_ukrainian_table_imports_it(self):
        self.check(UKRAINIAN.encode("windows-1251"), ("Гарячі обіди", "Ліжка"), "Ужгород", (48.62, 22.29),
                   ["uk", "en"], ["Їжа", "Обіди"], ["0312 61 01 01"],
                   ['"Ім\'я пса", for example "Рекс"', '"Поверх", for example "2"'])

    def test_the_draft_for_a_russian_table_imports_it(self):
        self.check(RUSSIAN.encode("utf-16"), ("Горячие обеды", "Койки"), "Москва", (55.75, 37.61), ["ru"],
                   ["Еда"], ["+7 495 555 01 01"], ['"Этаж", for example "2"'])

    def test_what_identifies_a_row_is_not_an_id_that_repeats(self):
        draft, made = self.suggest("code,name,address\n1,Food,Main 1\n1,Beds,Main 2\n")
        self.assertEqual(draft["identity"], ["code", "name", "address"])
        self.assertEqual(sorted(made), ["Beds", "Food"])

    def test_a_status_that_no_word_explains_is_not_taken_for_active(self):
        _, made = self.suggest("name,status\nFood,працює\nBeds,закрито\nCoats,на узгодженні\nShoes,\n")
        self.assertEqual({name: service["status"] for name, service in made.items()},
                         {"Food": "active", "Beds": "defunct", "Shoes": "active"})
        self.assertEqual(self.report["quarantined"], {"bad_status": 1})

    def test_a_table_without_a_name_is_told_so_and_a_heading_that_no_path_says_is_renamed(self):
        path = self.write("x.csv", "'a'.b,c\n1,2\n")
        refused = self.run_import(path)
        self.assertIn("--suggest-map", refused.err)
        draft = self.run_import("--suggest-map", path).json
        self.assertIn("No column was taken for the name", draft["about"][1])
        self.assertEqual(draft["columns"]["names"], {"column_1": ["'a'.b"]})
        with open(path, "rb") as file:
            packed = self.write("x.csv.gz", gzip.compress(file.read()))
        self.assertEqual(self.run_import("--suggest-map", packed).json, draft)

    def test_what_no_row_can_be_taken_from_has_no_draft(self):
        for name, content in (("x.json", "[]"), ("x.json", "[7, {}]"), ("x.html", "<html></html>")):
            refused = self.run_import("--suggest-map", self.write(name, content))
            self.assertEqual((refused.status, refused.out), (1, ""))
            self.assertIn("no row of it" if "json" in name else "no JSON", refused.err)

    def test_what_is_private_stays_so(self):
        row = {"Name": "House", "Phone": "555-0199", "Phone is private": "Yes", "Email": "a@example.org", "City": "Ely",
               "Address": "13 Hidden Lane", "Address confidential": "Yes", "Do not refer": "1", "Floor": "2"}
        open_row = dict.fromkeys(row, "No") | {"Name": "Hall", "Phone": "555-0100", "Address": "1 Main St"}
        draft, made = self.suggest("\n".join(",".join(cells) for cells in (row, row.values(), open_row.values())) + "\n")
        self.assertNotIn("phones", made["House"])
        self.assertEqual((made["House"]["email"], made["Hall"]["phones"][0]["number"]), ("a@example.org", "555-0100"))
        facts = [{a["label"]: a["value"] for a in made[name].get("attributes", ())} for name in ("House", "Hall")]
        self.assertEqual(facts, [{"confidentiality": "address_hidden", "referral_allowed": "no"}, {}])
        self.redis.flushall()
        _, made = self.suggest("Name,Confidential,Phone\nHouse,perhaps,1\nHall,no,2\n")
        self.assertEqual([[a["value"] for a in made[name].get("attributes", ())] for name in ("House", "Hall")],
                         [["cleared"], []])

    def test_rows_of_several_kinds_are_told(self):
        for kinds, told in ((("Agency", "Program"), True), (("Agency", "Agency"), False)):
            draft = self.run_import("--suggest-map", self.write("wide.csv", "Level,Name\n{},Aid\n{},Food\n".format(*kinds)))
            self.assertEqual("several kinds" in "".join(draft.json["about"]), told)

    def test_the_draft_for_rows_of_json_imports_them(self):
        rows = [{"id": n, "title": {"rendered": f"Caf&eacute; {n}"}, "status": "publish" if n else "draft",
                 "acf": {"address": {"street": "Main 1", "city": "Ely", "lat": 47.9, "lng": -91.8}, "phone": "555-0100",
                         "opening hours": "Mon-Fri 09:00-17:00", "languages": ["English", "Polish"]},
                 "category": ["Food", "Beds"], "gallery": [{"caption": "Door"}, {}], "none": None} for n in range(3)]
        for content in (rows, {"records": rows, "offset": "x"}, {"status": 1, "results": rows, "next": None}):
            path = self.write("plug-in.json", content)
            refused = self.run_import(path)
            self.assertEqual((refused.status, refused.out), (1, ""))
            self.assertIn("--suggest-map", refused.err)
            draft = self.run_import("--suggest-map", path)
            self.assertEqual(draft.json["identity"], ["id"])
            self.assertIn('Not placed: "gallery caption", for example "Door".', draft.json["about"])
            self.load(path, "--map", self.write("draft.json", draft.out), read=3, quarantined={})
            self.assertEqual("page_of_many" in self.report["notes"], "offset" in content)
        made = {d["name"]: d for d in self.documents("plug-in").values()}
        self.assertEqual({name: d["status"] for name, d in made.items()},
                         {"Café 0": "inactive", "Café 1": "active", "Café 2": "active"})
        document = made["Café 2"]
        location = document["service_at_locations"][0]["location"]
        self.assertEqual((location["latitude"], location["addresses"][0]["city"]), (47.9, "Ely"))
        self.assertEqual(document["phones"][0]["number"], "555-0100")
        self.assertEqual([entry["code"] for entry in document["languages"]], ["en", "pl"])
        self.assertEqual([a["taxonomy_term"]["name"] for a in document["attributes"] if "taxonomy_term" in a
                          and a["taxonomy_term"]["taxonomy"] == "keywords"], ["Food", "Beds"])
        self.assertIn('"opens_at": "09:00"', json.dumps(document["schedules"]))

    def test_points_and_outlines_of_features_are_places_and_areas(self):
        square = [[[36, 49], [37, 49], [37, 50], [36, 49]]]
        shapes = ({"type": "Point", "coordinates": [36.2, 49.9]}, {"type": "MultiPolygon", "coordinates": [square]}, None)
        path = self.write("points.geojson", {"type": "FeatureCollection", "features": [
            {"type": "Feature", "id": n, "geometry": shape, "properties": {"Name of service": f"S{n}", "Settlement": "X"}}
            for n, shape in enumerate(shapes)]})
        draft = self.run_import("--suggest-map", path)
        self.load(path, "--map", self.write("draft.json", draft.out), read=3, quarantined={})
        made = {d["name"]: d for d in self.documents("points").values()}
        self.assertEqual(made["S0"]["service_at_locations"][0]["location"]["longitude"], 36.2)
        (area,) = made["S1"]["service_areas"]
        self.assertEqual((area["extent_type"], json.loads(area["extent"])), ("geojson", shapes[1]))
        self.assertNotIn("service_areas", made["S2"])


if __name__ == "__main__":
    unittest.main()
