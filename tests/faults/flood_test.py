# SPDX-License-Identifier: Apache-2.0
"""Normal intakes at many times what can be matched: urgent ones keep their pace, and the entrance says when it is full."""

import collections
import os
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit, read_journal  # noqa: E402
from harness import TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
URGENT, FLOOD, READY_MOST = 60, 3000, 1000
TIMES = 5  # so many times slower may an urgent one be in the flood, and a second for a loaded machine


def with_urgency(intakes, *urgencies):
    """One need each, so that a case is one item."""
    for number, intake in enumerate(intakes):
        intake["urgency"] = urgencies[number % len(urgencies)]
        intake["needs"] = intake["needs"][:1]
    return intakes


class Flood(unittest.TestCase):
    def matched_after_ms(self, net, load):
        """Each case's time from its acceptance to its first offer or parking, in order."""
        load.states()  # none is on its way
        wanted, accepted, took = set(load.acknowledged().values()), {}, {}
        for line_id, line in read_journal(net.redis):
            if line["case"] in wanted:
                at = int(line_id.split("-")[0])
                if line["action"] == "accept":
                    accepted[line["case"]] = at
                elif line["action"] in ("offer", "park"):
                    took.setdefault(line["case"], at - accepted[line["case"]])
        self.assertEqual(set(took), wanted)
        return sorted(took.values())

    def slow_ms(self, times):
        return times[len(times) * 95 // 100]

    def test_urgent_intakes_keep_their_pace_in_a_flood_and_the_entrance_says_busy(self):
        # Claims alone, a few at a time: what cannot be matched at once waits in the lanes.
        settings = {"intake.handoff": "no", "matcher.window": "8", "limits.claim_every": "20 ms",
                    "limits.ready_most": str(READY_MOST)}
        with Network(settings=settings) as net:
            calm = Load(net, with_urgency(intakes_for(net, URGENT, SEED), "emergency", "urgent"), window=4).run()
            calm_ms = self.slow_ms(self.matched_after_ms(net, calm))
            os.kill(net.pid("matcher.1"), signal.SIGSTOP)  # a backlog as deep as the entrance allows
            flood = Load(net, with_urgency(intakes_for(net, FLOOD, SEED + 1), "normal"), window=64)
            thread = threading.Thread(target=flood.run)
            thread.start()
            wait_for(lambda: flood.refused["busy"] > 100, 60, "the entrance full for what is normal")
            self.assertLessEqual(net.redis.zcard(f"{TAG}:match:ready:normal"), READY_MOST)
            os.kill(net.pid("matcher.1"), signal.SIGCONT)
            urgent = Load(net, with_urgency(intakes_for(net, URGENT, SEED + 2), "emergency", "urgent"), window=4).run()
            behind = net.redis.zcard(f"{TAG}:match:ready:normal")
            thread.join()
            load_ms = self.slow_ms(self.matched_after_ms(net, urgent))
            normal_ms = self.slow_ms(self.matched_after_ms(net, flood))
            print(f"95 of 100 matched within: urgent {calm_ms} ms in calm, {load_ms} ms in the flood; normal {normal_ms} ms; "
                  f"{behind} normal ones waited when the last urgent one was accepted; {dict(flood.refused)}", flush=True)
            self.assertGreater(behind, 0, "that was no flood")
            self.assertEqual(urgent.refused["busy"], 0, "an urgent one was refused")
            self.assertLess(load_ms, TIMES * calm_ms + 1000)
            self.assertLess(load_ms, normal_ms / 2)
            audit(net, [calm, flood, urgent])
            self.in_order(net)

    def in_order(self, net):
        """Of each case: accepted, then matched, and told with that."""
        seen = collections.defaultdict(list)
        for _, line in read_journal(net.redis):
            seen[line["case"]].append(line["action"])
        for actions in seen.values():
            self.assertIn(tuple(actions[:2]), {("accept", "park"), ("accept", "offer")})


if __name__ == "__main__":
    unittest.main()
