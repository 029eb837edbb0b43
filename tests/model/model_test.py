# SPDX-License-Identifier: Apache-2.0
"""The models hold in every state that Spin can reach, and what is left out of them is missed."""

import os
import re
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# The longest search takes some seconds.
SECONDS = 240

# Left out, found by an assertion; and by an endless wait.
UNSAFE = {
    "work.pml": ("NO_DIGEST", "NO_VERSION_FENCE", "NO_ATTEMPT_CHECK", "LEAVE_FORGETS_ATTEMPT",
                 "REPLAY_FORGETS_ATTEMPT", "KEEP_READY", "KEEP_LEASED", "KEEP_DELAYED", "KEEP_DEAD"),
    "places.pml": ("NO_ROOM_CHECK", "RESERVE_BEFORE_FENCE", "NO_STEP_FENCE", "KEEP_ON_DECLINE",
                   "KEEP_ON_EXPIRE", "KEEP_OTHERS", "TAKE_COUNTS_TWICE", "GIVE_BACK_ALWAYS"),
}
STUCK = {"work.pml": ("NO_REAP",), "places.pml": ("NO_DEADLINE",)}

COMPILE = {"safe": ["-DSAFETY", "-DNOCLAIM"], "live": ["-DNFAIR=3"]}
SEARCH = {"safe": [], "live": ["-a", "-f"]}  # -f: whoever can always act acts at last


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def search(model, mode, *defines):
    """What Spin's verifier says of the model: its errors, the states that it stored, all words."""
    with tempfile.TemporaryDirectory() as folder:
        def run(*command):
            return subprocess.run(command, cwd=folder, check=True, timeout=SECONDS, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

        run("spin", "-a", *(f"-D{name}" for name in defines), os.path.join(HERE, model))
        run("gcc", "-w", *COMPILE[mode], "-o", "pan", "pan.c")
        said = run("./pan", "-m10000", "-w20", *SEARCH[mode])
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"(\d+) states, stored", said)
    if not errors or not states or "search depth too small" in said:
        raise AssertionError(f"{model}: the search did not end\n{said}")
    return int(errors[1]), int(states[1]), said


class Model(unittest.TestCase):
    def holds(self, model, mode):
        errors, states, said = search(model, mode)
        print(f"{model}, {mode}: {states} states", flush=True)
        self.assertEqual(errors, 0, said)
        self.assertGreater(states, 10000, "the model does hardly anything")

    def is_missed(self, model, mode, names, words):
        for name in names:
            with self.subTest(left_out=name):
                errors, _, said = search(model, mode, name)
                self.assertGreater(errors, 0, f"{model} holds without it")
                self.assertRegex(said, words)

    def test_work_is_in_one_place_and_applied_once(self):
        self.holds("work.pml", "safe")

    def test_work_gets_through(self):
        self.holds("work.pml", "live")

    def test_places_are_neither_leaked_nor_sold_twice(self):
        self.holds("places.pml", "safe")

    def test_offers_end(self):
        self.holds("places.pml", "live")

    def test_each_fence_is_needed(self):
        for model, names in UNSAFE.items():
            self.is_missed(model, "safe", names, "assertion violated")

    def test_each_deadline_is_needed(self):
        for model, names in STUCK.items():
            self.is_missed(model, "live", names, "acceptance cycle")

    def test_every_switch_of_the_models_is_tried(self):
        for model in UNSAFE:
            switches = re.findall(r"^#ifndef (\w+)\n#define \1 false$", read("tests", "model", model), re.M)
            self.assertCountEqual(switches, UNSAFE[model] + STUCK[model])


class Drift(unittest.TestCase):
    """The models speak of what is there."""

    def test_what_is_modelled_is_a_function_of_the_library(self):
        for model in UNSAFE:
            text = read("tests", "model", model)
            rows = re.findall(r"^ \*   (\w+) +(\d_\w+\.lua)  ", text, re.M)
            self.assertGreater(len(rows), 5)
            for name, file in rows:
                with self.subTest(model=model, name=name):
                    self.assertRegex(text, rf"(?m)^inline {name}\(")
                    self.assertRegex(read("proto", "functions", file), rf"(?m)^local function {name}\(")

    def test_what_a_move_does_to_the_place_is_as_in_the_states(self):
        moves = re.findall(r'^MOVE\(referral, \w+, (\w+), (\w+), "\w+", (\w+),',
                           read("proto", "states.def"), re.M)
        model = re.findall(r"-> referral_move\(\w+, (\w+), (?:\(\w+ -> keep : (\w+)\)|(\w+)),",
                           read("tests", "model", "places.pml"))
        self.assertGreater(len(model), 5)
        for to, doubted, sure in model:
            effects = {effect for begin, end, effect in moves
                       if end == to and begin in ("queued", "accepted")}
            self.assertEqual(effects, {doubted or sure}, to)


if __name__ == "__main__":
    unittest.main()
