# SPDX-License-Identifier: Apache-2.0
"""The exit has priority over the entrance."""

import os
import re
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
MB = 1 << 20
GROWN_MOST_MB = 64  # what a process's window, its calls under way and its buffers may come to


def peak_mb(net):
    """The most memory that each process has had so far, by name."""
    peaks = {}
    for name, pid in net.endpoints["pids"].items():
        if name != "redis":
            with open(f"/proc/{pid}/status") as file:
                peaks[name] = int(re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M).group(1)) / 1024
    return peaks


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

    def test_a_flood_until_redis_is_full_stops_at_the_door_and_what_is_inside_gets_out(self):
        # Intake looks once a second: until then Redis itself refuses, and only at the entrance.
        with Network(settings={"limits.memory_share": "100"}, options=["--maxmemory", "24mb"]) as net:
            ballast = [f"ballast:{i}" for i in range(14)]
            for key in ballast:
                net.redis.set(key, b"x" * MB)
            before, matcher = peak_mb(net), net.pid("matcher.1")
            os.kill(matcher, signal.SIGSTOP)
            load = Load(net, intakes_for(net, 6000, SEED), window=512)
            flood = threading.Thread(target=load.run, daemon=True)
            flood.start()
            wait_for(lambda: load.refused["busy"] > 1000 and "errorstat_OOM" in net.redis.info("errorstats"), 60,
                     "intakes that Redis refused")
            inside = len(load.accepted)
            os.kill(matcher, signal.SIGCONT)
            wait_for(lambda: not any(net.redis.zcard(f"{TAG}:{stage}:{name}") for stage in ("match", "notify") for name in
                     ("ready:emergency", "ready:urgent", "ready:normal", "leased")), 60, "everybody inside served")
            self.assertTrue(flood.is_alive())
            grown = {name: peak - before[name] for name, peak in peak_mb(net).items()}
            print(f"{inside} inside, {load.refused['busy']} refused; grown by " +
                  ", ".join(f"{name} {mb:.0f} MB" for name, mb in grown.items()), flush=True)
            self.assertLess(max(grown.values()), GROWN_MOST_MB)
            net.redis.delete(*ballast)
            flood.join(120)
            self.assertFalse(flood.is_alive(), "the door did not open again")
            audit(net, load)


if __name__ == "__main__":
    unittest.main()
