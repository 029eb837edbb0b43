# SPDX-License-Identifier: Apache-2.0
"""Real directories, each service looked for by what somebody may know of it: its name, its name with a typing
error, in Latin letters, or half typed.  It must come first, or another of the same name."""

import json
import os
import sys
import unittest
import urllib.parse
from random import Random

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import DATA, Network, wait_for  # noqa: E402

SETS = {  # source: file, map
    "sanmateo": ("ohana-smc-sanmateo/locations.ndjson", "sanmateo"),
    "cnap": ("ua-cnap-centres/cnap_centres.csv", "ua-cnap"),
    "health": ("ua-health-providers/providers.csv", "ua-health"),
}
PLACES = os.path.join(DATA, "ua-katottg", "kodifikator-16-05-2025.csv")
ASKED = 60  # of each
QUESTION_BYTES, PAGE = 300, 20
LETTERS = {"latin": "abdeiklmnoprst", "cyrillic": "абвдежиклмнопрст"}
# The resolution 55 of 2010, but for its letters at the beginning of a word.
LATIN = dict(zip("абвгґдезиіїйклмнопрстуфхцчшщюяєж",
                 "a b v h g d e z y i i i k l m n o p r s t u f kh ts ch sh shch iu ia ie zh".split()))


def folded(text):
    """As near as a test needs it: whole words, no case, no letters that are often mixed up."""
    same = str.maketrans("іїйыґёєэ", "ииииг" + "еее", "ьъ'’ʼ`\u0301")
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower().translate(same)).split())


def is_cyrillic(text):
    return any("\u0400" <= c <= "\u04ff" for c in text)


def with_error(name, random):
    """A letter of a word of five or more is left out, put in, replaced or exchanged with the next."""
    words = name.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return None
    at = random.choice(long)
    word, k = words[at], random.randrange(1, len(words[at]) - 1)
    other = random.choice(LETTERS["cyrillic" if is_cyrillic(word) else "latin"])
    words[at] = random.choice((word[:k] + word[k + 1:], word[:k] + other + word[k:], word[:k] + other + word[k + 1:],
                               word[:k] + word[k + 1] + word[k] + word[k + 2:]))
    return " ".join(words)


def in_latin(name, _random):
    return "".join(LATIN.get(c, "" if c in "ьъ'’ʼ" else c) for c in name.lower()) if is_cyrillic(name) else None


def half(name, random):
    return name[:max(4, int(len(name) * random.uniform(0.4, 0.95)))].rstrip()


KINDS = {"whole": lambda name, _random: name, "error": with_error, "latin": in_latin, "half": half}
# Hundredths of those asked for.  Of the rest most names differ from another in their last words alone, where the
# question was cut, or the error made another name of it.
FLOORS = {
    "sanmateo": {"whole": 100, "error": 95, "half": 98},
    "cnap": {"whole": 100, "error": 95, "latin": 94, "half": 98},
    "health": {"whole": 98, "error": 94, "latin": 94, "half": 96},
}


class KnownTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network(demo=False)
        cls.net.start()

    @classmethod
    def tearDownClass(cls):
        cls.net.close()

    def get(self, path, **query):
        answer = self.net.http("GET", path + "?" + urllib.parse.urlencode(query))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def import_set(self, source):
        """Names of its active services, by id."""
        path, of = SETS[source]
        before = self.get("/api/v1/services", limit=1)["total"]
        self.net.ctl("import", "--map", of, "--source", source, os.path.join(DATA, path))
        names = {}
        for key in self.net.redis.scan_iter(f"*:service:{source}:*", count=10000):
            for service, text in self.net.redis.hgetall(key).items():
                document = json.loads(text)
                if document["status"] == "active":
                    names[service.decode()] = document["name"]
        wait_for(lambda: self.get("/api/v1/services", limit=1)["total"] == before + len(names), 60, source)
        return names

    def is_found(self, service, name, question, kind):
        while len(question.encode()) > QUESTION_BYTES:
            question, kind = question[:-1], "half"
        first = self.get("/api/v1/services", q=question, limit=PAGE)["services"][:1]
        if not first:
            return False
        got = folded(first[0]["name"])
        return first[0]["id"] == service or sorted(got.split()) == sorted(folded(name).split()) or \
            kind == "half" and got.startswith(folded(question))

    def look_for_each(self, source):
        names = self.import_set(source)
        random = Random(7)
        for kind, floor in FLOORS[source].items():
            asked, missed = 0, []
            for service in random.sample(sorted(names), ASKED):
                question = KINDS[kind](names[service], random)
                if question:
                    asked += 1
                    if not self.is_found(service, names[service], question, kind):
                        missed.append(question)
            share = 100 * (asked - len(missed)) / asked
            with self.subTest(kind, share=round(share, 1)):
                self.assertGreaterEqual(share, floor, missed)

    @unittest.skipUnless(os.path.exists(os.path.join(DATA, SETS["sanmateo"][0])), "REFERRAL_DATA without San Mateo")
    def test_a_service_of_a_county_is_found_by_its_name(self):
        self.look_for_each("sanmateo")

    @unittest.skipUnless(os.path.exists(os.path.join(DATA, SETS["cnap"][0])), "REFERRAL_DATA without CNAP")
    def test_a_centre_is_found_by_its_name_among_thousands_that_begin_alike(self):
        self.look_for_each("cnap")

    @unittest.skipUnless(os.path.exists(os.path.join(DATA, SETS["health"][0])), "REFERRAL_DATA without health providers")
    def test_a_hospital_is_found_by_its_name_in_capitals(self):
        self.look_for_each("health")

    @unittest.skipUnless(os.path.exists(PLACES), "REFERRAL_DATA without KATOTTG")
    def test_a_place_of_ukraine_is_found_by_its_name(self):
        self.net.ctl("import", "--map", "katottg", "--source", "katottg", PLACES)
        wait_for(lambda: self.get("/api/v1/places", q="Київ")["total"], 60, "the places")
        with open(PLACES, encoding="utf-8-sig") as file:
            names = sorted({line.rstrip("\n\r").split(";")[-1].strip() for line in file})
        random = Random(7)
        for name in random.sample([n for n in names if len(n) > 2], 3 * ASKED):
            first = self.get("/api/v1/places", q=name, limit=1)["places"]
            self.assertEqual([folded(place["name"]) for place in first], [folded(name)], name)


if __name__ == "__main__":
    unittest.main()
