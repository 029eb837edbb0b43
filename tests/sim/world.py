# SPDX-License-Identifier: Apache-2.0
"""Draws a world from a scenario, real curves and a seed: services, openings of places, families.

A world is a text that `build/sim/play` reads, a line for each thing, minutes since the start:
  world NAME DAYS SEED TIRED_AFTER TIRED_SILENT IMPROVISED
  service AGENCY TERM KIND LAT LON REACH_KM LANGUAGES OPENS CLOSES SILENT DECLINES ANSWERS
          KIND general or what it alone can do; SILENT, DECLINES shares; ANSWERS of the time given
  open SERVICE MINUTE PLACES TOLD   places that there are from then on, and as many as it says
  report SERVICE MINUTE             it says how many there are
  family MINUTE URGENCY PATIENCE TERM LAT LON LANGUAGES DIFFICULTY
The same scenario, curves and seed give the same text everywhere."""
import configparser
import csv
import json
import math
import os
import random

DAY = 1440
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CURVES = {
    "needs": "load-la211-needs/need_weights_2012_2014.csv",
    "hours": "load-toronto-crisis-calls/crisis_calls_weekday_hour_type.csv",
    "surge": "load-unhcr-ukraine-surge/ukr_refugees_by_date_2022.csv",
    "shelters": "disaster-shelter-churn/fema_2019-06_2020-12.ndjson",
}
# Of the shelters' history: the season from here on, and people to a place, since one place takes a family.
SEASON_STARTS, PEOPLE_A_PLACE = 78, 25
KM_A_DEGREE = 111.2
SPACING_KM = 55  # between the middles of raions
OPENED_AT_START = 0.15  # of all places


def read_csv(data, curve):
    with open(os.path.join(data, CURVES[curve]), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_shelters(path):
    """(opens, closes, places) in days of the season, of shelters open for half a day at least."""
    began, open_since, out = None, {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            began = event["t"] if began is None else began
            day = (event["t"] - began) / 86400 - SEASON_STARTS
            if event["op"] == "add":
                open_since[event["id"]] = (day, event["new"].get("POST_IMPACT_CAPACITY") or 0)
            elif event["op"] == "remove" and event["id"] in open_since:
                opens, people = open_since.pop(event["id"])
                if opens >= 0 and day - opens >= 0.5:
                    out.append((opens, day, max(1, round(people / PEOPLE_A_PLACE))))
    return out


def read_curves(data):
    """None where one of them is missing."""
    if not all(os.path.exists(os.path.join(data, path)) for path in CURVES.values()):
        return None
    hours = [0.0] * 168
    for row in read_csv(data, "hours"):
        hours[WEEKDAYS.index(row["weekday"]) * 24 + int(row["hour"])] += float(row["n"])
    surge = [float(row["daily"]) for row in read_csv(data, "surge")]
    return {
        "needs": [(row["need"], float(row["weight"])) for row in read_csv(data, "needs")],
        "hours": [hour / sum(hours) * 168 for hour in hours],
        "surge": [day / sum(surge) * len(surge) for day in surge],
        "shelters": read_shelters(os.path.join(data, CURVES["shelters"])),
    }


class Scenario:
    """A file of scenarios/: every key must be there, so that a file says all."""

    def __init__(self, path):
        self.file = configparser.ConfigParser(inline_comment_prefixes="#")
        self.file.read(path, encoding="utf-8")
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.about = self.file["scenario"]["about"]

    def number(self, section, key):
        return float(self.file[section][key])

    def numbers(self, section, key):
        return [float(word) for word in self.file[section][key].split()]

    def shares(self, section, key):
        """"a 3, b 1" as [("a", 3.0), ("b", 1.0)]."""
        return [(word, float(share)) for word, share in
                (pair.split() for pair in self.file[section][key].split(",") if pair.strip())]

    def text(self, section, key):
        return self.file[section][key]


def pick(rng, shares):
    at = rng.random() * sum(share for _, share in shares)
    for word, share in shares:
        at -= share
        if at < 0:
            return word
    return shares[-1][0]


def poisson(rng, mean):
    """Knuth's; means here are small."""
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


class World:
    def __init__(self, scenario, curves, seed):
        self.scenario, self.curves, self.seed = scenario, curves, seed
        self.rng = random.Random(f"{scenario.name} {seed}")
        self.days = int(scenario.number("scenario", "days"))
        self.lines, self.services = [], 0
        self.agencies = []
        needs = curves["needs"][:int(scenario.number("scenario", "needs"))]
        self.needs = [(name.lower().replace(" ", "_").replace("/", "_"), weight) for name, weight in needs]
        self.surge = self.daily("surge") if scenario.text("scenario", "ramp") == "surge" else [1.0] * self.days

    def daily(self, curve):
        values = self.curves[curve]
        days = [values[min(day, len(values) - 1)] for day in range(self.days)]
        return [day / sum(days) * self.days for day in days]

    def point(self, raion):
        """Towns thin out from the raion's middle."""
        columns = int(self.scenario.number("scenario", "columns"))
        spread = SPACING_KM * 0.35
        east = (raion % columns) * SPACING_KM + self.rng.gauss(0, spread)
        north = (raion // columns) * SPACING_KM + self.rng.gauss(0, spread)
        lat = 49 + north / KM_A_DEGREE
        return round(lat, 4), round(31 + east / KM_A_DEGREE / math.cos(math.radians(49)), 4)

    def raion(self, section):
        weights = self.scenario.numbers(section, "raions")
        return int(pick(self.rng, [(raion, weight) for raion, weight in enumerate(weights)]))

    # ---- services ----

    def agency(self):
        """Some have several services; one that is slow to answer is so in all of them."""
        s, rng = self.scenario, self.rng
        if self.agencies and rng.random() < 0.5:
            return rng.choice(self.agencies)
        silent = s.number("agencies", "silent") * rng.choice((0.3, 0.7, 1, 2))
        answers = min(0.9, rng.expovariate(1) * s.number("agencies", "answers"))
        self.agencies.append((len(self.agencies), silent, answers))
        return self.agencies[-1]

    def service(self, term, kind, life, openings):
        s = self.scenario
        number, silent, answers = self.agency()
        languages = "uk,ru" if self.rng.random() < s.number("services", "russian") else "uk"
        if kind not in ("general", "access"):
            languages += "," + kind
        reach = s.number("services", "reach_km") * (1 if kind == "general" else 3)
        lat, lon = self.point(self.raion("services"))
        declines = s.number("agencies", "declines")
        self.lines.append(f"service {number} {term} {kind} {lat} {lon} {reach:g} {languages} "
                          f"{int(life[0] * DAY)} {int(life[1] * DAY)} {silent:.3f} {declines:g} {answers:.3f}")
        is_overstated = self.rng.random() < s.number("agencies", "overstates")
        for minute, places in openings:
            told = places + (1 + places // 5 if is_overstated else 0)
            self.lines.append(f"open {self.services} {minute} {places} {told}")
        if is_overstated:
            for day in range(3, self.days, 7):
                self.lines.append(f"report {self.services} {day * DAY + 600}")
        self.services += 1

    def openings(self, places):
        """Some at the start, the others once a week: as the surge goes, but so many days later."""
        lag = int(self.scenario.number("services", "lag_days"))
        minute = self.rng.randrange(7 * DAY)
        weeks = [(minute + week * 7 * DAY) for week in range((self.days - 1) // 7)]
        weights = [self.surge[max(0, week // DAY - lag)] if week // DAY >= lag else self.surge[0] / 2
                   for week in weeks]
        counts = dict.fromkeys([0] + weeks, 0)
        for _ in range(places):
            is_first = self.rng.random() < OPENED_AT_START
            at = 0 if is_first else int(pick(self.rng, list(zip(weeks, weights))))
            counts[at] += 1
        return [(minute, count) for minute, count in sorted(counts.items()) if count]

    def draw_term(self, term, families):
        """General services and, for each kind of what only few can do, some that can."""
        s = self.scenario
        places = s.number("services", "supply") * families
        special = s.number("services", "special_share")
        kinds = s.shares("services", "special")
        total = sum(share for _, share in kinds)
        most = int(s.number("services", "general"))
        sizes = [self.rng.uniform(0.4, 1.6) for _ in range(most)]
        for size in sizes:
            count = round(places * (1 - special) * size / sum(sizes))
            self.service(term, "general", (0, self.days), self.openings(count))
        for kind, share in kinds:
            count = round(places * special * share / total)
            self.service(term, kind, (0, self.days), self.openings(count))

    def draw_shelters(self, term):
        """They open and close as in the season on record; one in six can do what few can."""
        kinds = [kind for kind, _ in self.scenario.shares("services", "special")]
        fraction = self.scenario.number("services", "shelters")
        for opens, closes, places in self.curves["shelters"]:
            if opens >= self.days or self.rng.random() >= fraction:
                continue
            kind = self.rng.choice(kinds) if self.rng.random() < 1 / 6 else "general"
            self.service(term, kind, (opens, min(closes, self.days)), [(int(opens * DAY), places)])

    # ---- families ----

    def family(self, minute):
        s, rng = self.scenario, self.rng
        urgency = pick(rng, s.shares("families", "urgency"))
        patience = dict(s.shares("families", "patience_hours"))[urgency] * 60
        language = pick(rng, s.shares("families", "languages"))
        knows_more = language != "uk" and rng.random() < s.number("families", "know_ukrainian")
        difficulty = int(rng.random() < s.number("families", "difficulty"))
        lat, lon = self.point(self.raion("families"))
        return (f"family {minute} {urgency} {int(patience)} {pick(rng, self.needs)} {lat} {lon} "
                f"{language + ',uk' if knows_more else language} {difficulty}")

    def draw_families(self):
        rate = self.scenario.number("families", "a_day") / 24
        for hour in range(self.days * 24):
            mean = rate * self.curves["hours"][hour % 168] * self.surge[hour // 24]
            for minute in sorted(self.rng.randrange(60) for _ in range(poisson(self.rng, mean))):
                self.lines.append(self.family(hour * 60 + minute))

    def text(self):
        s = self.scenario
        families = s.number("families", "a_day") * self.days
        total = sum(weight for _, weight in self.needs)
        self.lines.append(
            f"world {s.name} {self.days} {self.seed} {s.number('agencies', 'tired_after'):g} "
            f"{s.number('agencies', 'tired_silent'):g} {s.number('agencies', 'improvises'):g}")
        for term, weight in self.needs:
            stays = s.number("services", "ordinary") if term == self.needs[0][0] else 1
            self.draw_term(term, families * weight / total * stays)
        if s.number("services", "shelters") > 0:
            self.draw_shelters(self.needs[0][0])
        self.draw_families()
        return "\n".join(self.lines) + "\n"


def world_text(scenario, curves, seed):
    return World(scenario, curves, seed).text()
