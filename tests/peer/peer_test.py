# SPDX-License-Identifier: Apache-2.0
"""PROTOCOL.md is enough: a client written from it alone agrees with intake on every message."""

import copy
import json
import os
import random
import sys
import unittest
import uuid

import zmq

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from client import MOST_BYTES, Client, Refused, Tables, pack, unpack  # noqa: E402
from harness import ROOT, Network, wait_for  # noqa: E402

SEED = 20261122
TABLES = Tables()
COMMANDS = ("submit", "amend", "withdraw", "answer")


def vectors():
    with open(os.path.join(ROOT, "tests", "vectors", "messages.txt"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                verdict, kind, digits, meaning = line.rstrip("\n").split("\t")
                yield number, verdict, kind, bytes.fromhex(digits), json.loads(meaning)


def family():
    return {"urgency": "urgent", "place": {"code": "UA26040190000081578", "lat": 48.92, "lon": 24.71},
            "household": {"type": "couple", "languages": ["uk"],
                          "members": [{"role": "parent", "age": 31}, {"role": "child", "age": "refused"}]},
            "needs": [{"term": "food.packages", "for": [1], "note": "a note"}, {"term": "legal.documents"}],
            "contact": {"name": "Родина", "phone": "+380342550190", "email": "a@example.org",
                        "safe": {"channels": ["phone"], "hours": "09:00-12:00", "voicemail": False}},
            "preferences": {"deny_agencies": ["none-1"], "agency": "none-2"},
            "consent": {"version": "1", "purposes": ["referral"], "recipients": ["any"],
                        "until": "2099-12-31"}}


def command(kind):
    """A legal command in which every field of the page's tables stands."""
    whole = family()
    changes = {k: v for k, v in whole.items() if k != "needs"}
    common = {"by": "peer", "role": "operator"}
    return {"v": 1, "kind": kind, **common, **{
        "submit": {"key": "k", "intake": whole},
        "amend": {"case_id": "0" * 26, "version": 1, "command_id": "c",
                  "changes": dict(changes, add_needs=whole["needs"])},
        "withdraw": {"case_id": "0" * 26, "need": "0" * 26 + "-1", "version": 1, "command_id": "c",
                     "reason": "withdrawn"},
        "answer": {"referral": "0" * 26 + "-1-1", "action": "accept", "version": 1, "command_id": "c",
                   "agency": "a", "reason": "other", "note": "n"}}[kind]}


def harms(field):
    """Values that the field's row forbids."""
    wrong_type = [None, {"a": 1}, [], b"x", True, 1.5] if not field.is_list else [None, {}, "x", 1]
    legal = {"bin": (bytes,), "bool": (bool,), "float": (float,), "map": (dict,)}.get(field.type, ())
    yield from (w for w in wrong_type if field.is_list or not isinstance(w, legal))
    if field.is_list:
        yield ["x"] * (field.most_count + 1) if field.type != "map" else [{}] * (field.most_count + 1)
        if field.required:
            yield []
    elif field.set:
        yield from ("", "no_such_code", "e\u0301", 0)
    elif field.type == "str":
        yield from ("x" * (field.most_bytes + 1), "ж" * (field.most_bytes // 2 + 1), "nul\0", 7)
    elif field.bounds:
        yield from (field.bounds[1] + 1 if field.type == "float" else int(field.bounds[1]) + 1, -181, "1",
                    2**63, float("nan"), float("inf"))


def places(fields, values, path=()):
    """Every field that stands in the values: its row and the way to it."""
    for field in fields:
        here = path + (field.name,)
        yield field, here
        if field.record:
            value = values[field.name]
            for i, one in enumerate(value if field.is_list else [value]):
                if i == 0:
                    yield from places(TABLES.records[field.record], one,
                                      here + (i,) if field.is_list else here)


def spell(path):
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else ("." if text else "") + step
    return text


def at(message, path):
    for step in path:
        message = message[step]
    return message


class Bytes(unittest.TestCase):
    def test_every_message_of_the_vectors_is_written_byte_for_byte(self):
        kinds = set()
        for number, verdict, kind, frame, meaning in vectors():
            if verdict != "ok":
                continue
            kinds.add(kind)
            with self.subTest(line=number, kind=kind):
                judged, message, wrong = TABLES.judge(frame)
                self.assertEqual((judged, wrong), ("ok", []))
                self.assertEqual(message["kind"], kind)
                self.assertEqual(pack(message), frame, "decoded and encoded again")
                self.assertEqual(pack(TABLES.message_from_json(meaning)), frame, "encoded from the meaning")
        self.assertEqual(kinds, set(TABLES.messages), "a message without a vector")

    def test_every_refused_line_of_the_vectors_is_refused_with_its_status_and_fields(self):
        for number, verdict, _, frame, fields in vectors():
            if verdict != "ok":
                with self.subTest(line=number):
                    judged, _, wrong = TABLES.judge(frame)
                    self.assertEqual((judged, wrong), (verdict, fields))


class Peer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = Network().start()
        cls.addClassCleanup(cls.net.close)
        cls.intake_pid = cls.net.pid("intake.1")

    def setUp(self):
        self.client = Client(self.net.context, self.net.endpoints["intake"])
        self.addCleanup(self.client.close)

    def tearDown(self):
        self.assertEqual(self.net.pid("intake.1"), self.intake_pid, "intake died")
        accepted = self.client.submit(family(), uuid.uuid4().hex)
        self.assertEqual((accepted["kind"], accepted["again"]), ("accepted", False))

    def frames(self, frames, seconds=30):
        """The answers to many frames at once, by the ids they carry."""
        answers, waiting, todo = {}, set(), list(frames.items())
        while todo or waiting:
            while todo and len(waiting) < 64:
                name, frame = todo.pop()
                waiting.add(name)
                self.client.socket.send(frame)
            self.assertTrue(self.client.socket.poll(seconds * 1000), f"no answer to {sorted(waiting)[:5]}")
            verdict, reply, wrong = TABLES.judge(self.client.socket.recv())
            self.assertEqual((verdict, wrong), ("ok", []))
            waiting.discard(reply["id"])
            answers[reply["id"]] = reply
        return answers

    def raw(self, frame, seconds=10):
        """The next answer, whatever its id."""
        self.client.socket.send(frame)
        self.assertTrue(self.client.socket.poll(seconds * 1000), "no answer")
        return unpack(self.client.socket.recv())

    def settled(self, case_id):
        return self.net.settled(case_id)

    # ---- what is promised

    def test_a_command_is_done_once_however_often_it_is_sent(self):
        first = self.client.submit(family(), "same-key")
        again = self.client.submit(family(), "same-key")
        self.assertEqual((first["again"], again["again"]), (False, True))
        self.assertEqual(first["case_id"], again["case_id"])
        self.assertEqual([n["id"] for n in first["needs"]], [f"{first['case_id']}-{i}" for i in (1, 2)])
        with self.assertRaises(Refused) as refused:
            self.client.submit(dict(family(), urgency="normal"), "same-key")
        self.assertEqual(refused.exception.status, "key_reused")
        other = self.client.submit(family(), "same-key", by="another caller")
        self.assertNotEqual(other["case_id"], first["case_id"], "a key is unique for its caller only")

        case = self.settled(first["case_id"])
        amended = [self.client.amend(case["id"], case["version"], {"urgency": "emergency"}, "amend-1")
                   for _ in range(2)]
        self.assertEqual([a["again"] for a in amended], [False, True])
        self.assertEqual({a["version"] for a in amended}, {case["version"] + 1})
        with self.assertRaises(Refused) as refused:
            self.client.amend(case["id"], case["version"], {"urgency": "normal"}, "amend-2")
        self.assertEqual((refused.exception.status, refused.exception.reply["version"]),
                         ("stale", case["version"] + 1))

        case = self.settled(first["case_id"])
        referral = case["referrals"][0]
        moved = [self.client.answer(referral["id"], "accept", "accept-1", version=referral["version"])
                 for _ in range(2)]
        self.assertEqual([(m["again"], m["state"]) for m in moved], [(False, "accepted"), (True, "accepted")])
        self.client.answer(referral["id"], "start", "start-1")
        late = self.client.answer(referral["id"], "accept", "accept-1", version=referral["version"])
        self.assertEqual((late["again"], late["state"]), (True, "in_progress"), "known even after other moves")
        with self.assertRaises(Refused) as refused:
            self.client.answer(referral["id"], "accept", "accept-2")
        self.assertEqual((refused.exception.status, refused.exception.reply["state"]),
                         ("illegal_move", "in_progress"))

        gone = [self.client.withdraw(case["id"], "withdraw-1") for _ in range(2)]
        self.assertEqual([g["again"] for g in gone], [False, True])
        with self.assertRaises(Refused) as refused:
            self.client.withdraw(case["id"], "withdraw-2")
        self.assertEqual(refused.exception.status, "illegal_move")
        self.assertEqual(self.net.violations(), [])

    def test_a_command_that_gets_no_answer_is_repeated_until_intake_is_back(self):
        before = self.client.submit(family(), "before")
        self.net.kill("intake.1")
        type(self).intake_pid = self.net.pid("intake.1")
        again = self.client.submit(family(), "before")
        self.assertEqual((again["case_id"], again["again"]), (before["case_id"], True))

    def test_ids_of_cases_come_from_the_caller_and_the_key(self):
        accepted = self.client.submit(family(), "a-key", by="a-caller")
        self.assertRegex(accepted["case_id"], r"^[0-9a-hjkmnp-tv-z]{26}$")
        self.assertEqual(self.client.submit(family(), "a-key", by="a-caller")["case_id"], accepted["case_id"])

    def test_two_hundred_commands_in_flight_are_each_answered_once(self):
        asked = {uuid.uuid4().hex: f"flight-{n}" for n in range(200)}
        answers = self.frames({message_id: pack(dict(command("submit"), id=message_id, key=key))
                               for message_id, key in asked.items()})
        self.assertEqual({a["kind"] for a in answers.values()}, {"accepted"})
        self.assertEqual(len({a["case_id"] for a in answers.values()}), 200)

    # ---- what is refused

    def test_every_refused_line_of_the_vectors_is_refused_by_intake_the_same_way(self):
        for number, verdict, _, frame, fields in vectors():
            if verdict != "ok":
                with self.subTest(line=number):
                    reply = self.raw(frame)
                    self.assertEqual((reply["kind"], reply["status"]), ("refused", verdict))
                    self.assertEqual([d["field"] for d in reply["defects"]], fields)

    def test_messages_that_are_no_commands_are_refused(self):
        for number, verdict, kind, frame, _ in vectors():
            if verdict == "ok" and kind not in COMMANDS:
                with self.subTest(line=number, kind=kind):
                    self.assertEqual(self.raw(frame)["status"], "bad_message")

    def test_another_major_version_is_unsupported_whatever_else_stands_there(self):
        for version in (0, 2, 3, 255, 2**32 + 1, 2**63, -1):
            for rest in (command("submit"), {"kind": "not of version 1"}, {}):
                reply = self.raw(pack(dict(rest, v=version, id="v")))
                self.assertEqual((reply["status"], reply["id"]), ("unsupported", "v"))

    def test_unknown_keys_are_passed_over_wherever_they_stand(self):
        plain = self.client.submit(family(), "with more keys")
        more = family()
        for place in (more, more["place"], more["household"]["members"][0], more["needs"][0],
                      more["contact"]["safe"], more["consent"]):
            place.update({"of_2031": [{"deep": [1, 2.5, None, b"x"]}], "": True, "ж": -1})
        again = self.client.submit(more, "with more keys", of_2032={"a": None})
        self.assertEqual((again["case_id"], again["again"]), (plain["case_id"], True))

    def test_fields_may_stand_in_any_order_and_in_any_form_of_msgpack(self):
        message = dict(command("submit"), id="order", key="order")
        turned = dict(reversed(list(message.items())))
        self.assertEqual(self.raw(pack(turned))["kind"], "accepted")
        # map32, str32, uint64: longer than needed, the same message.
        long = b"\xdf" + len(message).to_bytes(4, "big")
        for key, value in message.items():
            name = key.encode()
            long += b"\xdb" + len(name).to_bytes(4, "big") + name
            long += b"\xcf" + (1).to_bytes(8, "big") if key == "v" else pack(value)
        self.assertEqual(self.raw(long)["again"], True)

    def test_every_field_of_every_command_is_refused_by_its_name(self):
        frames, wanted = {}, {}
        for kind in COMMANDS:
            for field, path in places(TABLES.messages[kind], command(kind)):
                broken = [(harm, False) for harm in harms(field)]
                if field.required:
                    broken.append((None, True))
                for harm, is_absent in broken:
                    message = dict(copy.deepcopy(command(kind)), id=f"h{len(frames)}")
                    if is_absent:
                        del at(message, path[:-1])[path[-1]]
                    else:
                        at(message, path[:-1])[path[-1]] = harm
                    frame = pack(message)
                    verdict, _, fields = TABLES.judge(frame)
                    if verdict == "ok":  # legal for this row after all
                        continue
                    frames[message["id"]] = frame
                    wanted[message["id"]] = (fields, kind, spell(path), harm)
        self.assertGreater(len(frames), 500)
        named = set()
        for message_id, reply in self.frames(frames).items():
            fields, kind, path, harm = wanted[message_id]
            self.assertEqual((reply["kind"], reply.get("status")), ("refused", "invalid"), (kind, path, harm))
            self.assertEqual([d["field"] for d in reply["defects"]], fields, (kind, path, harm))
            self.assertTrue(any(f.startswith(path) for f in fields), (path, fields))
            self.assertTrue(all(d["why"] for d in reply["defects"]))
            named.add((kind, path))
        for kind in COMMANDS:
            for field, path in places(TABLES.messages[kind], command(kind)):
                self.assertIn((kind, spell(path)), named)

    def test_rules_between_fields_name_their_field_too(self):
        def intake(change):
            one = family()
            change(one)
            return dict(command("submit"), intake=one)

        cases = {
            "intake.needs[0].for[0]": intake(lambda i: i["needs"][0].update({"for": [2]})),
            "intake.place.lat": intake(lambda i: i["place"].pop("lat")),
            "intake.contact.phone": intake(lambda i: i["contact"].update(phone="call me")),
            "intake.contact.email": intake(lambda i: i["contact"].update(email="nobody")),
            "intake.contact.safe.hours": intake(lambda i: i["contact"]["safe"].update(hours="later")),
            "intake.consent.until": intake(lambda i: i["consent"].update(until="2027-02-30")),
            "intake.household.languages[0]": intake(lambda i: i["household"].update(languages=["ukrainisch!"])),
            "intake.consent.recipients[1]": intake(lambda i: i["consent"].update(recipients=["a", "a"])),
            "key": dict(command("submit"), key=""),
            "action": dict(command("answer"), action="adopt"),
            "reason": {k: v for k, v in dict(command("answer"), action="decline").items() if k != "reason"},
            "agency": {k: v for k, v in dict(command("answer"), role="agency").items() if k != "agency"},
        }
        for field, message in cases.items():
            with self.subTest(field):
                reply = self.raw(pack(dict(message, id="r")))
                self.assertEqual((reply["status"], [d["field"] for d in reply.get("defects", [])]),
                                 ("invalid", [field]))

    def test_a_command_without_an_id_of_its_own_is_refused_and_not_taken_for_a_repeat(self):
        case = self.settled(self.client.submit(family(), "empty command ids")["case_id"])
        referral = case["referrals"][0]
        for call in (lambda: self.client.withdraw(case["id"], ""),
                     lambda: self.client.answer(referral["id"], "start", ""),
                     lambda: self.client.amend(case["id"], 99, {"urgency": "normal"}, "")):
            with self.assertRaises(Refused) as refused:
                call()
            self.assertEqual((refused.exception.status, refused.exception.fields), ("invalid", ["command_id"]))

    def test_the_same_command_id_for_something_else_is_another_command(self):
        intake = dict(family(), needs=[{"term": "legal.documents"}, {"term": "information.navigation"}])
        case = self.settled(self.client.submit(intake, "ids used again")["case_id"])
        one, other = case["referrals"]
        self.client.answer(one["id"], "accept", "x")
        for call, status in (
                (lambda: self.client.answer(one["id"], "decline", "x", reason="full"), "illegal_move"),
                (lambda: self.client.answer(one["id"], "accept", "x", by="somebody else"), "illegal_move"),
                (lambda: self.client.answer(other["id"], "accept", "x", version=99), "stale"),
                (lambda: self.client.answer(other["id"], "start", "x"), "illegal_move"),
                (lambda: self.client.amend(case["id"], 99, {"urgency": "normal"}, "x"), "stale")):
            with self.assertRaises(Refused) as refused:
                call()
            self.assertEqual(refused.exception.status, status)
        self.assertTrue(self.client.answer(one["id"], "accept", "x")["again"])
        self.assertFalse(self.client.answer(other["id"], "accept", "x")["again"])
        for need in case["needs"]:
            self.assertFalse(self.client.withdraw(case["id"], "x", need=need["id"])["again"])
        self.assertTrue(self.client.withdraw(case["id"], "x", need=case["needs"][0]["id"])["again"])
        self.assertEqual({n["state"] for n in self.net.case(case["id"])["needs"]}, {"withdrawn"})

    def test_what_is_not_there_or_not_for_the_role_is_said_so(self):
        case = self.settled(self.client.submit(family(), "roles")["case_id"])
        referral = case["referrals"][0]["id"]
        for call, status in (
                (lambda: self.client.withdraw("0" * 26, "x1"), "absent"),
                (lambda: self.client.withdraw("no id", "x2"), "absent"),
                (lambda: self.client.withdraw(case["id"], "x3", need=case["id"] + "-9"), "absent"),
                (lambda: self.client.withdraw(case["id"], "x4", role="agency"), "forbidden"),
                (lambda: self.client.amend("0" * 26, 1, {"urgency": "normal"}, "x5"), "absent"),
                (lambda: self.client.amend(case["id"], 1, {"urgency": "normal"}, "x6", role="auditor"), "forbidden"),
                (lambda: self.client.answer(referral + "0", "accept", "x7"), "absent"),
                (lambda: self.client.answer(referral, "accept", "x8", role="agency", agency="another"), "absent"),
                (lambda: self.client.answer(referral, "accept", "x9", role="operations"), "forbidden"),
                (lambda: self.client.answer(referral, "see", "x10"), "forbidden"),
                (lambda: self.client.submit(family(), "x11", role="agency"), "forbidden"),
                (lambda: self.client.submit(family(), "x12", role="system"), "forbidden")):
            with self.assertRaises(Refused) as refused:
                call()
            self.assertEqual(refused.exception.status, status)
        after = self.net.case(case["id"])
        self.assertEqual([r["state"] for r in after["referrals"]], [r["state"] for r in case["referrals"]])

    # ---- what must not stop intake

    def test_garbage_and_torn_frames_are_answered_and_stop_nothing(self):
        rng = random.Random(SEED)
        whole = pack(command("submit"))
        frames = [whole[:n] for n in range(0, len(whole), 7)]
        frames += [rng.randbytes(rng.randrange(200)) for _ in range(300)]
        for _ in range(300):
            torn = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                torn[rng.randrange(len(torn))] = rng.randrange(256)
            frames.append(bytes(torn))
        frames += [b"\x81" * MOST_BYTES, b"\x91" * 100_000, b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff",
                   b"\xc6\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\x00" * MOST_BYTES, b"\xc1", b""]
        waiting = 0
        statuses = set()
        for i, frame in enumerate(frames):
            self.client.socket.send(frame)
            waiting += 1
            while waiting and (waiting > 64 or i == len(frames) - 1):
                self.assertTrue(self.client.socket.poll(10000), f"{waiting} frames not answered")
                reply = unpack(self.client.socket.recv())
                statuses.add(reply.get("status", reply["kind"]))
                waiting -= 1
        self.assertIn("bad_message", statuses)
        self.assertNotIn("internal", statuses)

    def test_frames_that_are_too_large_get_no_answer_and_stop_nobody_else(self):
        other = Client(self.net.context, self.net.endpoints["intake"])
        self.addCleanup(other.close)
        for size in (MOST_BYTES + 1, 2 * MOST_BYTES + 1, 8 * MOST_BYTES):
            self.client.socket.send(b"\xc0" * size)
            self.assertEqual(other.submit(family(), f"beside {size}")["kind"], "accepted")
        # The connection may be gone; the client's own next command still gets through.
        self.assertEqual(self.client.submit(family(), "after large ones")["kind"], "accepted")

    def test_a_message_of_several_frames_is_dropped_and_the_next_one_is_answered(self):
        self.client.socket.send_multipart([pack(command("submit")), b"more"])
        self.client.socket.send_multipart([b"", pack(command("submit"))])
        reply = self.raw(pack(dict(command("submit"), id="after", key="after frames")))
        self.assertEqual((reply["kind"], reply["id"]), ("accepted", "after"))

    def test_a_client_that_never_reads_harms_nobody(self):
        deaf = self.net.context.socket(zmq.DEALER)
        self.addCleanup(deaf.close, 0)
        deaf.setsockopt(zmq.RCVHWM, 1)
        deaf.connect(self.net.endpoints["intake"])
        for n in range(3000):
            try:
                deaf.send(pack({"v": 1, "kind": "ping", "id": f"deaf {n}"}), zmq.NOBLOCK)
            except zmq.Again:
                break
        self.assertEqual(self.client.submit(family(), "beside a deaf one")["kind"], "accepted")

    def test_what_was_refused_left_nothing_behind(self):
        self.client.submit(family(), "the last")
        for case_id in (c.decode() for c in self.net.redis.zrange("{c1}:open", 0, -1)):
            wait_for(lambda: self.settled(case_id), what="settled")
        self.assertEqual(self.net.violations(), [])


if __name__ == "__main__":
    unittest.main()
