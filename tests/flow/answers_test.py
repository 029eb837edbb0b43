#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What agencies made of their offers is seen in later decisions, and by nobody else."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Network, demo_intake, wait_for  # noqa: E402


class Answers(unittest.TestCase):
    def lost(self):
        """Of a hundred offers, by need and service, of those that a preview names."""
        needs = self.net.http("POST", "/api/v1/matches", demo_intake()).json.get("needs", [])
        return {(need["term"], one["service"]): part["value"]
                for need in needs for one in [need["why"]["chosen"], *need["why"]["next"]]
                for part in one["parts"] if part["part"] == "answers" and "value" in part}

    def decline_one(self):
        """The need and the service."""
        case = self.net.settled(self.net.submit(demo_intake()).json["case"]["id"])
        referral = case["referrals"][0]
        self.net.answer(referral["id"], "decline", referral["version"], "criteria")
        return case["needs"][0]["term"], referral["service"]

    def test_what_is_declined_costs_the_service_in_that_kind_of_need_and_a_restart_forgets_nothing(self):
        with Network() as self.net:
            self.assertEqual(self.lost(), {})
            declined = self.decline_one()
            wait_for(lambda: self.lost() == {declined: 10}, 10, "the matcher to hear of it")
            self.net.kill("matcher.1")
            wait_for(lambda: self.lost() == {declined: 10}, 30, "a new matcher to know it")
            changes = self.net.http("GET", "/api/v1/changes", role="coordinator").json["changes"]
            self.assertNotIn("answers", [change["kind"] for change in changes])


if __name__ == "__main__":
    unittest.main()
