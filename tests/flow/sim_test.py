#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Simulated regions: what they are made of is kept, and the best that there is to compare with is the best."""
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT  # noqa: E402

sys.path.insert(0, os.path.join(ROOT, "tests", "sim"))
import world  # noqa: E402

PLAY = os.path.join(ROOT, os.environ.get("BUILD", "build"), "sim", "play")
FLAT = {"needs": [("Shelter", 0.6), ("Food", 0.4)], "hours": [1.0] * 168, "surge": [1.0, 3.0, 0.5],
        "shelters": [(1.0, 6.0, 4), (3.5, 9.0, 2)]}


class Small(world.Scenario):
    """The scarce scenario, made smaller; answers are sure where `is_sure`."""

    def __init__(self, is_sure=False):
        super().__init__(os.path.join(ROOT, "tests", "sim", "scenarios", "scarce.conf"))
        self.file.read_dict({"scenario": {"days": "15", "needs": "2"}, "families": {"a_day": "20", "patience_hours": "emergency 6, urgent 36, normal 100"},
                             "services": {"general": "3", "shelters": "1"}})
        if is_sure:
            self.file.read_dict({"agencies": {"silent": "0", "declines": "0", "improvises": "1",
                                              "overstates": "0", "tired_silent": "0", "answers": "0"}})


def play(text, *words):
    with tempfile.NamedTemporaryFile("w", suffix=".world") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([PLAY, file.name, *words], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def each(text, *policies):
    return {row["policy"]: row for row in map(json.loads, play(text, "--each", *policies).splitlines())}


class Region:
    """A world as its text says, read apart from the program that plays it."""

    def __init__(self, text):
        rows = [line.split() for line in text.splitlines()]
        self.services = [row for row in rows if row[0] == "service"]
        self.families = [row for row in rows if row[0] == "family"]
        self.openings = [[] for _ in self.services]
        for _, service, minute, places, _ in (row for row in rows if row[0] == "open"):
            if int(minute) < int(self.services[int(service)][9]):
                self.openings[int(service)] += [int(minute)] * int(places)

    def km(self, family, service):
        return distance_km(*map(float, self.families[family][5:7] + self.services[service][4:6]))

    def fits(self, family, service):
        _, _, _, _, need, _, _, languages, _ = self.families[family]
        _, _, term, _, _, _, reach, spoken, *_ = self.services[service]
        return (need == term and set(languages.split(",")) & set(spoken.split(",")) and
                self.km(family, service) <= float(reach))

    def may(self, family, service):
        return self.comes(family) < int(self.services[service][9]) and self.fits(family, service)

    def comes(self, family):
        return int(self.families[family][1])

    def leaves(self, family):
        return self.comes(family) + int(self.families[family][3])


def distance_km(lat, lon, other_lat, other_lon):
    # The family's point is rounded to 0.01 degrees, as for routing.
    lat, lon = math.floor(lat * 100 + 0.5) / 100, math.floor(lon * 100 + 0.5) / 100
    a, b = math.radians(lat), math.radians(other_lat)
    h = (math.sin((b - a) / 2) ** 2 +
         math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2)
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def most_helped(region):
    """Kuhn's way: one family after the other, moving others where that makes room."""
    places = [(service, minute) for service, minutes in enumerate(region.openings) for minute in minutes]
    holder = {}

    def may(family, place):
        service, minute = places[place]
        return minute <= region.leaves(family) and region.may(family, service)

    edges = [[p for p in range(len(places)) if may(f, p)] for f in range(len(region.families))]

    def settle(family, seen):
        for place in edges[family]:
            if place not in seen:
                seen.add(place)
                if place not in holder or settle(holder[place], seen):
                    holder[place] = family
                    return True
        return False

    return sum(settle(family, set()) for family in range(len(region.families)))


class Simulation(unittest.TestCase):
    def test_the_same_scenario_and_seed_give_the_same_world_and_the_same_figures(self):
        texts = [world.world_text(Small(), FLAT, seed) for seed in (1, 1, 2)]
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])
        self.assertEqual(play(texts[0]), play(texts[1]))
        self.assertEqual(len(play(texts[0]).splitlines()), 6)

    def test_no_place_is_given_twice_and_each_family_is_helped_once_in_time_and_where_it_fits(self):
        text = world.world_text(Small(), FLAT, 3)
        region = Region(text)
        for policy, row in each(text).items():
            families = [family for family, _, _ in row["each"]]
            self.assertEqual(len(families), len(set(families)), policy)
            self.assertEqual(len(families), row["helped"], policy)
            self.assertGreater(len(families), len(region.families) // 2, policy)
            taken = {}
            for family, service, minute in sorted(row["each"], key=lambda one: one[2]):
                self.assertTrue(region.fits(family, service), (policy, family, service))
                self.assertTrue(region.comes(family) <= minute <= region.leaves(family), (policy, family))
                last = region.leaves(family) if policy == "hindsight" else minute
                taken.setdefault(service, []).append(last)
            for service, minutes in taken.items():
                for minute in minutes:
                    self.assertLessEqual(sum(m <= minute for m in minutes),
                                         sum(m <= minute for m in region.openings[service]), (policy, service))

    def test_an_emergency_at_two_agencies_at_once_is_helped_sooner_and_takes_more_offers(self):
        rows = each(world.world_text(Small(), FLAT, 1), "ours", "at_once")
        self.assertLess(rows["at_once"]["emergency_hours_p90"], rows["ours"]["emergency_hours_p90"])
        self.assertGreater(rows["at_once"]["offers_per_helped"], rows["ours"]["offers_per_helped"])

    def test_hindsight_helps_as_many_as_can_be_and_nobody_helps_more(self):
        sys.setrecursionlimit(10000)
        for seed in (4, 5):
            text = world.world_text(Small(is_sure=True), FLAT, seed)
            rows = each(text)
            self.assertEqual(rows["hindsight"]["helped"], most_helped(Region(text)))
            for policy, row in rows.items():
                self.assertLessEqual(row["helped"], rows["hindsight"]["helped"], policy)

    def test_no_two_families_of_hindsight_would_have_shorter_ways_if_they_changed_places(self):
        text = re.sub(r"^open (\d+) \d+", r"open \1 0", world.world_text(Small(is_sure=True), FLAT, 6), flags=re.M)
        region, row = Region(text), each(text, "hindsight")["hindsight"]
        helped = [(family, service) for family, service, _ in row["each"]]
        self.assertGreater(len(helped), 100)
        for one, here in helped:
            for other, there in helped:
                if region.may(one, there) and region.may(other, here):
                    self.assertLess(region.km(one, here) + region.km(other, there),
                                    region.km(one, there) + region.km(other, here) + 0.5)

    def test_a_line_that_is_too_long_is_an_error_and_not_two_lines(self):
        text = world.world_text(Small(), FLAT, 6).splitlines()
        text[-1] = " " * 511 + text[-1]
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            play("\n".join(text) + "\n")
        self.assertIn(f":{len(text)}: a line is too long", raised.exception.stderr)

    def test_without_the_curves_it_says_so_and_stops(self):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "sim", "sim.py")],
                              env=dict(os.environ, REFERRAL_DATA="/nowhere"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("REFERRAL_DATA", done.stdout)


if __name__ == "__main__":
    unittest.main()
