# SPDX-License-Identifier: Apache-2.0
"""What every process exposes is read by Prometheus' own checker, and tells what happened."""

import os
import re
import shutil
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT, Network, demo_intake, wait_for  # noqa: E402

UNPACKED = os.path.join(ROOT, "build", "tools", "promtool")
PROMTOOL = UNPACKED if os.access(UNPACKED, os.X_OK) else shutil.which("promtool")


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network().start()
        cls.addClassCleanup(cls.net.close)
        cls.intake = demo_intake()
        created = cls.net.submit(cls.intake)
        assert created.status == 201, created.body
        case = cls.net.settled(created.json["case"]["id"])
        # Its agencies have no webhook: the notifier has nothing to tell until an offer is over.
        assert cls.net.answer(case["referrals"][0]["id"], "cancel", 1).status == 200
        wait_for(lambda: cls.net.metric("notifier.1", 'referral_delivery_total{result="ok"}'), what="the recall")
        # Some figures are set once a second.
        wait_for(lambda: cls.net.metric("matcher.1", "referral_directory_services"), what="the directory's figure")

    def exposed(self):
        """Text of /metrics by process."""
        pages = {}
        for name, url in self.net.endpoints["metrics"].items():
            with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
                self.assertIn("text/plain", answer.headers["Content-Type"], name)
                pages[name] = answer.read().decode()
        return pages

    def total(self, sample):
        """The sum of one sample over all processes; None where nobody has it."""
        found = [float(value) for page in self.exposed().values() for value in
                 re.findall(rf"^{re.escape(sample)} (\S+)$", page, re.M)]
        return sum(found) if found else None

    @unittest.skipUnless(PROMTOOL, "no promtool: deploy/install.sh test")
    def test_promtool_finds_nothing_to_say(self):
        pages = self.exposed()
        self.assertEqual({name.split(".")[0] for name in pages},
                         {"gateway", "intake", "matcher", "notifier"})
        for name, page in pages.items():
            with self.subTest(name):
                done = subprocess.run([PROMTOOL, "check", "metrics"], input=page, text=True,
                                      capture_output=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_numbers_tell_what_happened(self):
        needs = len(self.intake["needs"])
        self.assertEqual(self.total('referral_accept_total{result="ok"}'), 1)
        self.assertEqual(self.total("referral_accept_seconds_count"), 1)
        self.assertGreaterEqual(self.total("referral_match_seconds_count"), needs)
        wait_for(lambda: self.net.metric("matcher.1", "referral_delivered_seconds_count") == needs + 1,
                 what="each offer delivered with itself, and that of the need that was matched again")
        self.assertEqual(self.net.metric("notifier.1", "referral_delivered_seconds_count"), 0)
        self.assertEqual(self.net.metric("notifier.1", 'referral_handed_off_total{stage="notify"}'), 0,
                         "what was told was handed over")
        wait_for(lambda: self.total("referral_open_cases") == 1, what="the open case counted")
        self.assertEqual(self.total("referral_conservation_error"), 0)
        self.assertGreater(self.total("referral_directory_services"), 0)

    def test_what_is_exposed_is_what_metrics_def_describes(self):
        with open(os.path.join(ROOT, "common", "metrics.def"), encoding="utf-8") as file:
            rows = re.findall(r'^(COUNTER|GAUGE|HISTOGRAM)\((\w+), "(\w*)", "(.+)"\)$', file.read(), re.M)
        self.assertGreater(len(rows), 20)
        kinds = {"referral_" + name: kind.lower() for kind, name, _, _ in rows}
        seen = set()
        for process, page in self.exposed().items():
            types = {name: kind for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M)
                     if not name.startswith("process_") and name != "referral_build_info"}
            seen |= set(types)
            self.assertLessEqual(set(types.items()), set(kinds.items()), process)
            for _, name, label, about in rows:
                if "referral_" + name in types:
                    self.assertIn(f"# HELP referral_{name} {about}\n", page)
                for labels in re.findall(rf"^referral_{name}(?:_bucket|_sum|_count)?{{(.*?)}} ", page, re.M):
                    self.assertLessEqual(set(re.findall(r'(\w+)="', labels)), {label, "le"} - {""})
        # One family on a quiet day: nothing was given back, lost or refused, and nothing is dead;
        # a single Redis has no replicas and no limit of memory.
        quiet = {"lease_expired_total", "nack_total", "dead_total", "redis_reconnects_total",
                 "message_refused_total", "claimed_total", "handed_off_total", "command_total",
                 "queue_oldest_ready_seconds", "archived_total", "archived_cases",
                 "archive_round_total", "crash_total", "redis_memory_ratio", "redis_replicas"}
        self.assertEqual({name for name in kinds if name.removeprefix("referral_") not in quiet} - seen, set())

    def test_every_process_says_that_it_lives_and_is_ready(self):
        for process, url in self.net.endpoints["metrics"].items():
            for page, text in (("/healthz", b"alive\n"), ("/readyz", b"ready\n")):
                with urllib.request.urlopen(url + page, timeout=10) as answer:
                    self.assertEqual((answer.status, answer.read()), (200, text), process)
            with self.assertRaises(urllib.error.HTTPError) as missing:
                urllib.request.urlopen(url + "/", timeout=10)
            self.assertEqual(missing.exception.code, 404, process)

    def test_nothing_exposed_identifies_the_family(self):
        pages = "".join(self.exposed().values())
        contact = self.intake["contact"]
        for secret in (contact["name"], contact["phone"], contact["phone"].lstrip("+")):
            self.assertNotIn(secret, pages)


if __name__ == "__main__":
    unittest.main()
