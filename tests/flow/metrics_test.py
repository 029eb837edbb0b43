# SPDX-License-Identifier: Apache-2.0
"""What every process exposes is read by Prometheus' own checker, and tells what happened."""

import os
import re
import shutil
import subprocess
import sys
import unittest
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
        cls.net.settled(created.json["case"]["id"])

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
        wait_for(lambda: self.total("referral_open_cases") == 1, what="the open case counted")
        self.assertEqual(self.total("referral_conservation_error"), 0)
        self.assertGreater(self.total("referral_directory_services"), 0)

    def test_nothing_exposed_identifies_the_family(self):
        pages = "".join(self.exposed().values())
        contact = self.intake["contact"]
        for secret in (contact["name"], contact["phone"], contact["phone"].lstrip("+")):
            self.assertNotIn(secret, pages)


if __name__ == "__main__":
    unittest.main()
