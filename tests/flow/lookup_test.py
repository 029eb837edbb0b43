# SPDX-License-Identifier: Apache-2.0
"""Taxonomies and places beside the directory: imported, followed, matched by and looked up."""

import glob
import json
import os
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import DEMO, Network, demo_intake, wait_for  # noqa: E402

TAXONOMY = os.path.join(os.path.dirname(DEMO), "taxonomy")
CODIFIER = """Перший рівень;Другий рівень;Третій рівень;Четвертий рівень;Додатковий рівень;Категорія об’єкта;Назва об’єкта
UA99000000000000011;;;;;O;Озерна
UA99000000000000011;UA99020000000000022;;;;P;Озерний
UA99000000000000011;UA99020000000000022;UA99020010000000033;;;H;Верхня
UA99000000000000011;UA99020000000000022;UA99020010000000033;UA99020010010000044;;C;Кам’янка
UA99000000000000011;UA99020000000000022;UA99020030000000055;;;H;Нижня
UA99000000000000011;UA99020000000000022;UA99020030000000055;UA99020030010000066;;C;Кам’янка
"""


def service(number, taxonomy, code):
    return {"id": f"11111111-1111-4111-8111-{number:012}", "name": f"Service {number}", "status": "active",
            "organization": {"name": "Agency"},
            "attributes": [{"link_entity": "service",
                            "taxonomy_term": {"code": code, "name": code, "taxonomy": taxonomy}}]}


class LookupTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(demo=False)
        cls.net.start()
        cls.files = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()
        cls.files.cleanup()

    def load(self, name, text, *options):
        path = os.path.join(self.files.name, name)
        with open(path, "w") as file:
            file.write(text)
        return json.loads(self.net.ctl("import", "--json", *options, path).stdout)

    def load_needs(self):
        self.net.ctl("import", os.path.join(TAXONOMY, "needs.json"))
        wait_for(lambda: self.get("/api/v1/terms", q="housing")["total"], what="the terms")

    def get(self, path, **query):
        answer = self.net.http("GET", path + "?" + urllib.parse.urlencode(query))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def test_services_are_found_and_words_completed_by_synonyms_and_names_of_places(self):
        self.load_needs()
        open_one = service(71, "hearthline-needs", "housing.shelter")
        open_one.update(name="Відчинено", service_areas=[{"uri": "urn:place:UA9802001"}])
        hidden = service(72, "hearthline-needs", "housing.shelter")
        hidden.update(name="Відлюдник", attributes=hidden["attributes"] + [
            {"label": "confidentiality", "value": "cleared",
             "taxonomy_term": {"taxonomy": "hearthline-facts", "code": "confidentiality", "name": "confidentiality"}}])
        self.load("words.json", json.dumps([open_one, hidden]), "--source", "words")
        found = wait_for(lambda: self.get("/api/v1/services", q="Відчинено ночівля")["services"], what="the service")
        self.assertEqual([s["id"] for s in found], [open_one["id"]])
        self.load("words.csv", "pcode,parent,ua,ru,en,lat,lon\nUA9802001,UA9802,Степова,Степная,Stepova,50,30\n",
                  "--map", "ua-admin-centroids", "--source", "words-places")
        wait_for(lambda: self.get("/api/v1/services", q="Відчинено степная")["total"] == 1, what="its place's name")
        self.assertEqual(self.get("/api/v1/services/suggest", q="Від"),
                         {"words": [{"word": "Відчинено", "services": 1}]})
        cleared = self.net.http("GET", "/api/v1/services/suggest?q=" + urllib.parse.quote("Від"), role="coordinator")
        self.assertEqual(len(cleared.json["words"]), 2)
        self.assertEqual(self.net.ctl("suggest", "Від").stdout, "Відчинено\n")
        self.assertEqual(self.net.http("GET", "/api/v1/services/suggest").status, 422)

    def test_a_need_finds_what_a_mapped_taxonomy_codes(self):
        self.load("coded.ndjson", json.dumps(service(1, "Open Eligibility", "1130")), "--source", "coded")
        said = json.loads(self.net.ctl("import", "--json", os.path.join(TAXONOMY, "open-eligibility.ndjson")).stdout)
        self.assertEqual((said["quarantined"], said["notes"]), ({}, {}))
        intake = demo_intake()
        intake["needs"] = [{"term": "food.packages"}]
        intake["place"] = {"code": "UA26"}

        def chosen():
            why = self.net.http("POST", "/api/v1/matches", intake).json["needs"][0]["why"]
            return why.get("chosen")
        best = wait_for(chosen, what="the mapping in use")
        self.assertEqual((best["name"], best["via"]), ("Service 1", "Open Eligibility 1130 exact"))

    def test_what_is_shipped_holds_together(self):
        with open(os.path.join(TAXONOMY, "needs.json")) as file:
            needs = json.load(file)["terms"]
        codes = {term["code"] for term in needs}
        said = json.loads(self.net.ctl("import", "--json", os.path.join(TAXONOMY, "needs.json")).stdout)
        self.assertEqual((said["added"] + said["unchanged"], said["quarantined"], said["notes"]), (len(needs), {}, {}))
        for term in needs:
            self.assertEqual(term["parent"], term["code"].rpartition(".")[0] or None)
            self.assertEqual({*term["labels"]}, {"en", "uk", "ru"}, term["code"])
        for path in glob.glob(os.path.join(TAXONOMY, "*.ndjson")):
            with open(path) as file:
                for line in file:
                    self.assertIn(json.loads(line)["to_code"], codes, path)
        wait_for(lambda: self.get("/api/v1/terms", q="логопед")["total"], what="the terms")
        found = self.get("/api/v1/terms", q="логопед", lang="uk")["terms"]
        self.assertEqual(found, [{"taxonomy": "hearthline-needs", "code": "disability.speech", "name": "Логопед",
                                  "parent": "disability"}])
        page = self.get("/api/v1/terms", limit=2, offset=len(needs) - 1)
        self.assertEqual((len(page["terms"]), page["total"], "next" in page), (1, len(needs), False))

    def test_a_need_with_an_unknown_term_says_what_may_be_meant_and_is_refused_only_on_request(self):
        self.load_needs()
        intake = demo_intake()
        intake["needs"] = [{"term": "disability.speech"}, {"term": "disability.speach"}]
        previewed = self.net.http("POST", "/api/v1/matches", intake).json["needs"]
        self.assertEqual([need["reason"] for need in previewed], ["no_service", "unknown_term"])
        self.assertEqual(previewed[0]["suggestions"], [])
        self.assertEqual(previewed[1]["suggestions"][0]["code"], "disability.speech")
        refused = self.net.http("POST", "/api/v1/intakes", intake,
                                headers={"Idempotency-Key": "strict-1", "Prefer": "respond-async, handling=strict"})
        self.assertEqual((refused.status, [e["field"] for e in refused.json["errors"]]), (422, ["needs[1].term"]))
        self.assertEqual([(n["term"], n["suggestions"][0]["code"]) for n in refused.json["needs"]],
                         [("disability.speach", "disability.speech")])
        stored = self.net.http("POST", "/api/v1/intakes", intake,
                               headers={"Idempotency-Key": "strict-1", "Prefer": "handling=lenient"})
        self.assertEqual(stored.status, 201, stored.body)
        path = "/api/v1/cases/" + stored.json["case"]["id"]
        wait_for(lambda: [n.get("reason") for n in self.net.http("GET", path).json["case"]["needs"]]
                 == ["no_service", "unknown_term"], what="both needs parked, each for its reason")
        intake["needs"] = [{"term": "disability.speech"}]
        stored = self.net.http("POST", "/api/v1/intakes", intake,
                               headers={"Idempotency-Key": "strict-2", "Prefer": "handling=strict"})
        self.assertEqual(stored.status, 201, stored.body)

    def test_terms_that_are_looked_for_with_an_error_are_found_and_said_to_be_only_near(self):
        self.load_needs()
        found = self.get("/api/v1/terms", q="somewhere to sl")
        self.assertEqual([term["code"] for term in found["terms"]], ["housing.shelter"])  # by a synonym
        self.assertNotIn("near", found)
        near = self.get("/api/v1/terms", q="ночлижка")
        self.assertEqual((near["near"], near["terms"][0]["code"], near["terms"][0]["name"]),
                         (True, "housing.shelter", "ночлежка"))
        self.assertIn("like them are", self.net.ctl("terms", "ночлижка").stdout)

    def test_places_of_one_name_are_told_apart_by_what_they_lie_in(self):
        said = self.load("codifier.csv", CODIFIER, "--map", "katottg")
        self.assertEqual((said["added"], said["quarantined"]), (6, {}))
        self.load("names.csv", "pcode,parent,ua,ru,en,lat,lon\nUA9902001,UA9902,Верхня,Верхняя,Verkhnia,50.5,30.5\n",
                  "--map", "ua-admin-centroids")
        wait_for(lambda: self.get("/api/v1/places", q="verkhnia")["total"], what="the places")
        found = self.get("/api/v1/places", q="Кам'янка")
        self.assertEqual(found["total"], 2)
        self.assertEqual([[step["name"] for step in place["within"]] for place in found["places"]],
                         [["Верхня", "Озерний", "Озерна"], ["Нижня", "Озерний", "Озерна"]])
        found = self.get("/api/v1/places", q="кам", within="UA9902003")["places"]
        self.assertEqual([place["code"] for place in found], ["UA99020030010000066"])
        near = self.get("/api/v1/places", near="50.4,30.4", lang="ru")["places"]
        self.assertEqual([(place["name"], place["lat"]) for place in near][:1], [("Верхняя", 50.5)])
        answer = self.net.http("GET", "/api/v1/places")
        self.assertEqual((answer.status, answer.json["errors"][0]["field"]), (422, "q"))
        printed = self.net.ctl("places", "кам’янка", "--within", "UA9902001").stdout
        self.assertIn("Верхня, Озерний, Озерна", printed)
        self.assertIn("1 to 1 of 1", printed)

    def test_a_town_of_geonames_is_served_where_its_division_is(self):
        said = self.load("admin1.json", json.dumps([{"code": "AD.06", "name": "Sant Julià"}]), "--map", "geonames-admin1")
        self.assertEqual((said["added"], said["notes"]), (1, {}))
        said = self.load("towns.tsv", "name\tlat\tlon\tcountry\tadmin1\tadmin2\nAixovall\t42.47\t1.49\tAD\t06\t\n",
                         "--map", "geonames")
        self.assertEqual((said["added"], said["notes"]), (1, {}))
        offer = service(9, "hearthline-needs", "legal.geonames")
        offer["service_areas"] = [{"id": "a-1", "uri": "urn:place:AD.06"}]
        self.load("andorra.ndjson", json.dumps(offer), "--source", "andorra")
        wait_for(lambda: self.get("/api/v1/places", q="sant julia")["total"], what="the division")
        town = wait_for(lambda: self.get("/api/v1/places", q="aixovall")["places"], what="the town")[0]
        self.assertEqual([step["code"] for step in town["within"]], ["AD.06"])
        intake = demo_intake()
        intake["needs"] = [{"term": "legal.geonames"}]
        intake["place"] = {"code": town["code"]}

        def rules():
            why = self.net.http("POST", "/api/v1/matches", intake).json["needs"][0]["why"]
            return why.get("chosen", {}).get("rules")
        said = wait_for(rules, what="the service in use")
        self.assertEqual([rule for rule in said if rule["rule"] == "area"], [{"rule": "area", "verdict": "pass"}])


if __name__ == "__main__":
    unittest.main()
