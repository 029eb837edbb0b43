# SPDX-License-Identifier: Apache-2.0
"""Whatever is killed, whenever: under load, with agencies answering, two hundred times."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import MOVES, STATES, audit  # noqa: E402
from crowd import Families, Hooks, Killer, People, accept_all, commands_kept  # noqa: E402
from harness import Network  # noqa: E402
from load import Load  # noqa: E402

SEED = int(os.environ.get("CHAOS_SEED", "20261122"))
KILLS = int(os.environ.get("CHAOS_KILLS", "200"))
SETTINGS = {
    "limits.lease": "2 s", "limits.reap_every": "200 ms", "limits.claim_every": "50 ms",
    "limits.crashes_most": "1000", "limits.failures_most": "1000", "limits.backoff_first": "200 ms",
    "limits.backoff_most": "1 s", "notifier.webhook_private": "yes",
    "clocks.emergency_remind": "500 ms", "clocks.emergency_escalate": "1 s", "clocks.emergency_expire": "2 s",
    "clocks.urgent_remind": "2 s", "clocks.urgent_escalate": "3 s", "clocks.urgent_expire": "5 s",
}
NEVER = {"queue", "proposed"}  # every referral is queued when it is offered


class Chaos(unittest.TestCase):
    def test_two_hundred_kills_under_load_lose_and_double_nothing(self):
        hooks = Hooks()
        self.addCleanup(hooks.close)
        print(f"seed {SEED}", flush=True)
        with Network(settings=SETTINGS) as net:
            hooks.take(net)
            families = Families(net, SEED, rate=15)
            people = [People(net, f"{SEED}/{n}", families) for n in range(2)]
            killer = Killer(net, SEED, most=KILLS)
            for thread in (families, *people, killer):
                thread.start()
            while killer.is_alive():
                killer.join(1)
                for thread in (families, *people):
                    if thread.error:
                        raise thread.error
            for thread in (killer, *people, families):
                thread.end()
            accept_all(net, families, people[0])
            books = audit(net, [families.load])
            wrong = [*commands_kept(books.lines, *people), *hooks.wrong(books)]
            self.assertEqual(wrong, [])
            met = {line[field] for _, line in books.lines for field in ("action", "to", "need_to")}
            every = {action for machine, action, _ in MOVES if machine == "referral"} | {s for _, s in STATES}
            self.assertEqual(every - met - NEVER, set(), "what was never met")
            self.repeat(net, families)
            print(f"{killer.count} kills {dict(killer.kills)}; {len(books.cases)} cases, {len(books.lines)} moves, "
                  f"{sum(sum(p.done.values()) for p in people)} commands done, "
                  f"{sum(p.again for p in people)} repeated, {len(hooks.got)} told", flush=True)
            self.assertGreaterEqual(killer.count, KILLS)

    def repeat(self, net, families):
        """The same keys again: the same cases, and nothing happens."""
        again = Load(net, families.intakes, prefix=families.load.prefix).run()
        self.assertEqual(again.accepted.keys(), families.load.accepted.keys())
        for number, (case_id, _) in again.accepted.items():
            self.assertEqual(case_id, families.load.accepted[number][0])
        self.assertEqual(again.again, len(families.intakes))


if __name__ == "__main__":
    unittest.main()
