# SPDX-License-Identifier: Apache-2.0
"""Whatever dies while cases move to the archive, each is in one place in the end, and whole."""

import collections
import hashlib
import os
import random
import sqlite3
import sys
import threading
import unittest

import msgpack
import redis
import zmq

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import TAG, Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261123
COUNT = 240
KILLS = 6


def archive_of(net):
    return sqlite3.connect(os.path.join(net.dir, "archive.db"), timeout=20)


def in_archive(net, case_id):
    with archive_of(net) as database:
        return database.execute("SELECT count(*) FROM cases WHERE id = ?", (case_id,)).fetchone()[0]


def in_redis(net, case_id):
    return net.redis.exists(f"{TAG}:case:{case_id}")


def hold_removals(net):
    """Redis gets a library whose archive_drop fails."""
    (library,) = net.redis.execute_command("FUNCTION", "LIST", "LIBRARYNAME", "hearthline", "WITHCODE")
    code = library[library.index(b"library_code") + 1]
    head = b"local function archive_drop(keys, argv)\n"
    assert head in code
    net.redis.execute_command("FUNCTION", "LOAD", "REPLACE", code.replace(
        head, head + b"do return redis.error_reply('ERR held back') end\n"))


def withdraw_all(net, ids):
    """Closes every case, repeating what was not answered, as its client would."""
    socket, left = net.socket(), set(ids)
    for _ in range(100):
        for case_id in left:
            socket.send(msgpack.packb({"v": 1, "kind": "withdraw", "id": case_id, "case_id": case_id, "by": "load",
                                       "role": "operator", "command_id": "over", "reason": "withdrawn"}))
        while left and socket.poll(3000):
            reply = msgpack.unpackb(socket.recv(zmq.NOBLOCK))
            if reply["kind"] == "moved" or reply.get("status") == "illegal_move":
                left.discard(reply["id"])
        if not left:
            socket.close()
            return
    raise AssertionError(f"{len(left)} cases cannot be withdrawn")


class Archive(unittest.TestCase):
    # ---- the audit

    def after(self, net, ids):
        """Every case is in the archive once and nowhere else, with its whole chain of lines."""
        wait_for(lambda: not any(net.redis.scan_iter(f"{TAG}:case:*", count=1000)), 60, "every case to move")
        with archive_of(net) as database:
            cases = dict(database.execute("SELECT id, last FROM cases"))
            lines = {i: (prev, line.split(b"\r\n", 7)[7].removesuffix(b"\r\n"))
                     for i, prev, line in database.execute("SELECT id, prev, line FROM lines")}
        self.assertEqual(set(cases), set(ids))
        accepts = collections.Counter()
        for case_id, at in cases.items():
            chain = []
            while at:
                at, line = lines[at]
                chain.append(line)
            before = b""
            for line in reversed(chain):
                before = hashlib.sha1(before + line[:-16]).hexdigest()[:16].encode()
                self.assertEqual(before, line[-16:], case_id)
            self.assertTrue(chain[-1].startswith(case_id.encode() + b"\0accept\0"))
            accepts[sum(line.split(b"\0")[1] == b"accept" for line in chain)] += 1
        self.assertEqual(set(accepts), {1}, "an intake was applied twice")
        counters = {k.decode(): int(v) for k, v in net.redis.hgetall(f"{TAG}:count").items() if k.startswith(b"case.")}
        self.assertEqual(counters, {"case.entered": len(ids), "case.left": len(ids), "case.archived": len(ids)})
        self.assertEqual(net.violations(), [])

    def kill_while_archiving(self, *names):
        rng = random.Random(SEED)
        print(f"seed {SEED}", file=sys.stderr)
        settings = {"limits.lease": "3 s", "archive.keep": "1 ms", "archive.every": "10 ms", "archive.batch": 8}
        with Network(settings=settings) as net:
            load = Load(net, intakes_for(net, COUNT, SEED), window=64).run()
            ids = [case_id for case_id, _ in load.accepted.values()]
            closing = threading.Thread(target=withdraw_all, args=(net, ids))
            closing.start()
            for _ in range(KILLS):
                name = rng.choice(names)
                seen = self.archived(net)
                wait_for(lambda: self.archived(net) != seen or not closing.is_alive(), 30, "archiving to go on")
                net.kill(name)
            closing.join()
            self.after(net, ids)
            again = Load(net, load.intakes, prefix=load.prefix).run()
            self.assertEqual((again.accepted, again.again), (load.accepted, COUNT))
            self.after(net, ids)

    def archived(self, net):
        try:
            return net.redis.hget(f"{TAG}:count", "case.archived")
        except redis.RedisError:
            return None

    # ---- what dies

    def test_notifier_killed_while_archiving_moves_each_case_once(self):
        self.kill_while_archiving("notifier.1")

    def test_redis_and_intake_killed_while_archiving_move_each_case_once(self):
        self.kill_while_archiving("redis", "intake.1")

    def test_notifier_killed_between_archive_and_removal_does_it_again(self):
        with Network(settings={"archive.keep": "1 ms", "archive.every": "20 ms"}) as net:
            hold_removals(net)  # until a notifier starts: it loads the library as it should be
            case_id = net.submit(demo_intake()).json["case"]["id"]
            net.settled(case_id)
            net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {}, headers={"Idempotency-Key": "k"})
            wait_for(lambda: in_archive(net, case_id), 20, "the case in the archive")
            self.assertTrue(in_redis(net, case_id))
            self.assertNotIn("archived", net.case(case_id))
            phone = demo_intake()["contact"]["phone"].replace("+", "%2B").replace(" ", "")
            found = net.http("GET", f"/api/v1/cases?phone={phone}").json["cases"]
            self.assertEqual([c["id"] for c in found], [case_id])
            net.kill("notifier.1")
            wait_for(lambda: not in_redis(net, case_id), 30, "the case to be removed")
            self.assertTrue(net.case(case_id)["archived"])
            self.assertEqual(in_archive(net, case_id), 1)
            self.after(net, [case_id])

    def test_while_the_archive_cannot_be_written_everything_stays_in_redis(self):
        with Network(settings={"archive.keep": "1 ms", "archive.every": "10 ms"}) as net:
            held = archive_of(net)
            held.execute("BEGIN IMMEDIATE")
            case_id = net.submit(demo_intake()).json["case"]["id"]
            net.settled(case_id)
            net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {}, headers={"Idempotency-Key": "k"})
            wait_for(lambda: "not_archived" in net.logs(), 20, "a round that could not write")
            self.assertTrue(in_redis(net, case_id))
            self.assertEqual(net.case(case_id)["needs"][0]["state"], "withdrawn")
            held.rollback()
            held.close()
            wait_for(lambda: not in_redis(net, case_id), 20, "the case to move")
            self.assertTrue(net.case(case_id)["archived"])


if __name__ == "__main__":
    unittest.main()
