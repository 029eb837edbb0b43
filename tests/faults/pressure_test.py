# SPDX-License-Identifier: Apache-2.0
"""The exit has priority over the entrance."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Network, demo_intake, wait_for  # noqa: E402


class Pressure(unittest.TestCase):
    def test_intakes_are_busy_before_memory_runs_out_and_answers_go_on(self):
        with Network(settings={"limits.memory_share": "60"}, options=["--maxmemory", "64mb"]) as net:
            case_id = net.submit(demo_intake()).json["case"]["id"]
            referral = net.settled(case_id)["referrals"][0]
            for i in range(40):
                net.redis.set(f"ballast:{i}", b"x" * 1_000_000)
            refused = wait_for(lambda: (a := net.submit(demo_intake("flood-family"))).status == 503 and a, 10,
                               "the entrance closed")
            self.assertEqual(refused.json["code"], "busy")
            self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
            self.assertEqual(net.answer(referral["id"], "accept", referral["version"]).status, 200)
            net.redis.delete(*(f"ballast:{i}" for i in range(40)))
            wait_for(lambda: net.submit(demo_intake("flood-family"), key="later").status in (200, 201), 10,
                     "the entrance open again")
            self.assertEqual(net.violations(), [])


if __name__ == "__main__":
    unittest.main()
