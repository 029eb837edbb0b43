# SPDX-License-Identifier: Apache-2.0
"""The measurements measure: not how fast, but that each row of `make bench` still comes."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT  # noqa: E402

sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))
import bench  # noqa: E402

BENCH = os.path.join(ROOT, "tests", "bench", "bench.py")


class Bench(unittest.TestCase):
    def rows(self, *names):
        done = subprocess.run([sys.executable, BENCH, "--quick", "--cases", "300", "--json", *names],
                              env=dict(os.environ, BENCH_OPEN="2000"), capture_output=True, text=True,
                              timeout=300)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        rows = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if "MISSED " in done.stderr else 0, done.stderr)
        for row in rows:  # a ratio that was rounded to its floor may be on either side of it
            if row["floor"] is not None and abs(row["ratio"] - row["floor"]) > 0.001:
                self.assertEqual(row["ratio"] < row["floor"], f"MISSED {row['name']}:" in done.stderr, row)
        return rows

    def test_every_row_of_speed_is_measured_and_who_misses_a_floor_is_named(self):
        rows = self.rows("accept", "routes", "memory", "latency", "open", "edits", "match", "search", "import")
        self.assertEqual([row["floor"] for row in rows if row["floor"] is not None],
                         [0.9, 0.8, 0.7, 1, 0.333, 0.65, 1, 100, 0.333, 20, 1, 0.5])
        for row in rows:
            self.assertGreater(row["value"], 0, row)
            self.assertTrue(row["ratio"] is None or row["ratio"] > 0, row)

    def test_what_cannot_be_measured_neither_holds_nor_misses(self):
        row = bench.Row("routes", None, "routes/s", "a stack that is not installed", floor=1.79)
        self.assertEqual((row.holds(), row.verdict()), (False, "NOT MEASURED"))
        self.assertIn("NOT MEASURED", bench.table([row]))
        self.assertEqual([bench.Row("routes", 1, "routes/s", "it", 1, ratio, 1.79).verdict()
                          for ratio in (1.78, 1.79)], ["MISSED", "holds"])


if __name__ == "__main__":
    unittest.main()
