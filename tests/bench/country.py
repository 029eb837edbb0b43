# SPDX-License-Identifier: Apache-2.0
"""A made-up country: services and families by the thousand, the same ones in every run, written as an HSDS
directory and intakes for ours and as rows for PostgreSQL."""

import json
import math
import os
import string
import uuid
from random import Random

import msgpack

TERMS = [f"need.kind{number:02d}" for number in range(56)]  # as many as the demo directory has
FAMILIES = 1024
LETTERS = string.ascii_letters + string.digits + " ."
LANGUAGES = ("uk", "ru", "en")
SERVICES_OF_AGENCY = 10
COLUMNS, BANDS = 12, 4  # of regions
WEST, SOUTH, WIDTH, HEIGHT = 24.0, 46.5, 12.0, 4.0  # degrees
KM_EAST, KM_NORTH = 111.32 * math.cos(math.radians(48.5)), 110.57  # of a degree, in the middle
AGES = ((None, None), (None, None), (0, 18), (0, 6), (18, None), (60, None))
PLACES = 1_000_000
NAMESPACE = uuid.UUID("00000000-0000-4000-8000-000000000000")


def id_of(kind, number):
    return str(uuid.uuid5(NAMESPACE, f"{kind}{number}"))


def region_of(lat, lon):
    column = min(COLUMNS - 1, int((lon - WEST) / WIDTH * COLUMNS))
    return f"UA{10 + column + COLUMNS * min(BANDS - 1, int((lat - SOUTH) / HEIGHT * BANDS)):02d}"


def place(random):
    return round(SOUTH + random.random() * HEIGHT, 5), round(WEST + random.random() * WIDTH, 5)


def plane(lat, lon):
    """Kilometres east and north."""
    return (lon - WEST) * KM_EAST, (lat - SOUTH) * KM_NORTH


class Service:
    def __init__(self, number, random):
        self.number, self.agency = number, number // SERVICES_OF_AGENCY
        self.term = random.randrange(len(TERMS))
        self.lat, self.lon = place(random)
        self.languages = random.sample(LANGUAGES, random.randint(1, 3))
        self.ages = random.choice(AGES)
        bound = random.randrange(3)  # what bounds it: a region, a radius, nothing
        self.region = region_of(self.lat, self.lon) if bound == 0 else None
        self.radius_km = random.choice((15, 30, 60, 120)) if bound == 1 else None

    def hsds(self):
        attributes = [attribute("need", "", "hearthline-needs", TERMS[self.term])]
        if self.radius_km:
            attributes.append(attribute("radius_km", str(self.radius_km), "hearthline-facts", "radius_km"))
        document = {
            "id": id_of("service", self.number), "name": f"Service {self.number}", "status": "active",
            "organization_id": id_of("agency", self.agency),
            "organization": {"id": id_of("agency", self.agency), "name": f"Agency {self.agency}",
                             "description": f"Agency {self.agency}"},
            "service_at_locations": [{"id": id_of("at", self.number), "location": {
                "id": id_of("location", self.number), "location_type": "physical",
                "latitude": self.lat, "longitude": self.lon}}],
            "languages": [{"id": id_of(code, self.number), "code": code} for code in self.languages],
            "attributes": attributes,
            "capacities": [{"id": id_of("capacity", self.number), "available": PLACES, "maximum": PLACES,
                            "updated": "2026-01-01T00:00:00Z",
                            "unit": {"id": id_of("unit", 0), "name": "places"}}],
        }
        for name, age in zip(("minimum_age", "maximum_age"), self.ages):
            if age is not None:
                document[name] = age
        if self.region:
            document["service_areas"] = [{"id": id_of("area", self.number), "name": self.region,
                                          "uri": "urn:place:" + self.region}]
        return document

    def row(self):
        """As COPY reads it."""
        east, north = plane(self.lat, self.lon)
        return "\t".join(r"\N" if v is None else str(v) for v in (
            self.number, self.agency, self.term, f"POINT({east:.3f} {north:.3f})", self.radius_km, self.region,
            language_bits(self.languages), *self.ages))


def attribute(label, value, taxonomy, code):
    return {"id": id_of(label, code), "label": label, "value": value,
            "taxonomy_term": {"id": id_of(taxonomy, code), "taxonomy": taxonomy, "code": code, "name": code}}


def language_bits(languages):
    return sum(1 << LANGUAGES.index(code) for code in languages)


ABOUT = ("Volunteers and two social workers help families who had to leave their homes: with papers, with a "
         "bed for the first nights, with clothes and food, and with the way to a school or a doctor.")
CAPACITY_EVERY = 10


def write_directory(path, services):
    """Services as directories publish them: texts and telephones; places are counted by few."""
    random = Random(1)
    with open(path, "w") as file:
        for number in range(services):
            document = Service(number, random).hsds()
            document.update(description=ABOUT, email=f"service{number}@example.org", phones=[
                {"id": id_of("phone", number), "number": f"+380 44 {number:07d}", "type": "voice"}])
            if number % CAPACITY_EVERY != 0:
                del document["capacities"]
            file.write(json.dumps(document) + "\n")


class Words:
    """Made-up words, half of them Cyrillic, which come as those of a language do: the n-th in 1 of n places (G. K.
    Zipf, 1935)."""

    def __init__(self, count):
        random = Random(1)
        alphabets = (("bdfgklmnprstv", "aeiou"), ("бдфгклмнпрств", "аеиоу"))
        self.all = ["".join(random.choice(sounds) for _ in range(random.randint(2, 4)) for sounds in alphabets[i % 2])
                    for i in range(count)]

    def draw(self, random, count=1):
        return " ".join(self.all[int(len(self.all) ** random.random()) - 1] for _ in range(count))

    def question(self, random):
        """A word, one half typed or two."""
        words = self.draw(random, random.choice((1, 1, 2)))
        return words[:random.randint(2, len(words))] if random.random() < 0.5 else words


def write_named_directory(path, services, words):
    random = Random(1)
    with open(path, "w") as file:
        for number in range(services):
            document = Service(number, random).hsds()
            document.update(name=words.draw(random, 4), description=words.draw(random, 25))
            file.write(json.dumps(document) + "\n")


class Family:
    """One need, which some service fits."""

    def __init__(self, number, random):
        self.number, self.term = number, random.randrange(len(TERMS))
        self.lat, self.lon = place(random)
        self.languages = random.sample(LANGUAGES, 2)
        self.age = random.randrange(0, 80)

    def intake(self, identity_bytes):
        """As long as that when encoded: the note fills it up, of letters that nothing makes shorter."""
        length = identity_bytes - len(msgpack.packb(self.made(""))) - 1
        return self.made("".join(Random(self.number).choices(LETTERS, k=length)))

    def made(self, note):
        return {
            "urgency": "normal",
            "place": {"code": region_of(self.lat, self.lon).ljust(19, "0"), "lat": self.lat,
                      "lon": self.lon},
            "household": {"type": "single_mother", "languages": self.languages,
                          "members": [{"role": "parent", "age": self.age}]},
            "needs": [{"term": TERMS[self.term], "for": [0], "note": note}],
            "contact": {"name": f"Family {self.number}", "phone": "+380000000000"},
            "consent": {"version": "1", "purposes": ["referral"], "recipients": ["any"],
                        "until": "2099-12-31"},
        }

    def row(self):
        """As tests/bench/postgres.c reads it."""
        east, north = plane(self.lat, self.lon)
        return (f"{self.term} {east:.3f} {north:.3f} {region_of(self.lat, self.lon)} "
                f"{language_bits(self.languages)} {self.age}")


class Country:
    """Its files: `directory` and `intakes` for ours, `services` and `families` for PostgreSQL."""

    def __init__(self, folder, services, identity_bytes):
        self.directory, self.intakes, self.services, self.families = (
            os.path.join(folder, name) for name in ("directory.ndjson", "intakes.json", "services", "families"))
        random = Random(1)
        with open(self.directory, "w") as ours, open(self.services, "w") as other:
            for number in range(services):
                service = Service(number, random)
                ours.write(json.dumps(service.hsds()) + "\n")
                other.write(service.row() + "\n")
        families = [Family(number, random) for number in range(FAMILIES)]
        with open(self.intakes, "w") as ours, open(self.families, "w") as other:
            json.dump([family.intake(identity_bytes) for family in families], ours)
            other.write("".join(family.row() + "\n" for family in families))
