# SPDX-License-Identifier: Apache-2.0
"""README's tour does what it says: each command is run, each line of its output is met."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ROOT, Network, wait_for  # noqa: E402

# What differs from run to run: times, versions of items, ages and counters in motion.
VARIES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|in \d+ m?s|\d+(\.\d+)?|…")


def blocks():
    """Commands of the tour with the lines that follow each."""
    with open(os.path.join(ROOT, "README.md")) as file:
        tour = file.read().split("## Five minutes")[1].split("\n## ")[0]
    commands = []
    for block in re.findall(r"```\n(.*?)```", tour, flags=re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif commands and line.strip() not in ("…", ""):
                commands[-1][1].append(line)
    return commands


def shape(line):
    return VARIES.sub("#", line).split()


class Tour(unittest.TestCase):
    def test_every_command_of_the_tour_gives_what_readme_shows(self):
        with Network(settings={"clocks.urgent_expire": "20 s"}) as net:
            setup = f"export REFERRAL_DIR={net.dir} PATH={BUILD}/bin:$PATH; cd {ROOT}\n"
            so_far = setup
            for command, expected in blocks():
                if "make run" in command or command.startswith("export"):
                    continue
                command = command.replace("var/", net.dir + "/").replace(
                    "http://127.0.0.1:8080", net.endpoints["http"])
                if re.match(r"[A-Z]+=", command):
                    so_far += command + "\n"
                    continue

                def run():
                    done = subprocess.run(["bash", "-c", so_far + command], capture_output=True, text=True)
                    lines = [shape(line) for line in (done.stdout + done.stderr).splitlines()]
                    missing = [line for line in expected if shape(line) not in lines]
                    return done, missing
                # A repeated answer is not the same answer: only readers are asked again.
                patient = not command.startswith("referralctl answer")
                if patient:
                    try:
                        wait_for(lambda: not run()[1], 40, command)
                        continue
                    except AssertionError:
                        pass
                done, missing = run()
                self.assertEqual(missing, [], f"{command}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main()
