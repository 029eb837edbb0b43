#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Places that few families can do without are kept for them, by what the matcher has seen."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Network, demo_intake  # noqa: E402


class Price(unittest.TestCase):
    def dearness(self, net):
        needs = net.http("POST", "/api/v1/matches", demo_intake()).json["needs"]
        return [part["value"] for need in needs for one in [need["why"]["chosen"], *need["why"]["next"]]
                for part in one["parts"] if part["part"] == "scarcity"]

    def test_families_that_come_make_places_dearer_and_who_only_asks_does_not(self):
        with Network() as net:
            for _ in range(3):
                self.assertEqual(set(self.dearness(net)), {0})
            for _ in range(4):
                net.settled(net.submit(demo_intake()).json["case"]["id"])
            self.assertGreater(max(self.dearness(net)), 0)


if __name__ == "__main__":
    unittest.main()
