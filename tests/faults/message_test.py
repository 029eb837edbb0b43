# SPDX-License-Identifier: Apache-2.0
"""Peers that lie, repeat themselves, come from another time, or take work and never do it."""

import os
import random
import sys
import unittest
import uuid

import msgpack
import zmq

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
WINDOW = 8


class Peer:
    """A DEALER that says what it likes."""

    def __init__(self, net, name):
        self.socket = net.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(f"ipc://{net.dir}/run/{name}.sock")

    def say(self, kind, v=1, **fields):
        self.raw(msgpack.packb({"v": v, "kind": kind, **fields}))

    def raw(self, *frames):
        self.socket.send_multipart(frames)

    def hear(self, kind=None, seconds=10):
        """The next message of that kind; pings are answered on the way."""
        while self.socket.poll(seconds * 1000):
            message = msgpack.unpackb(self.socket.recv())
            if message["kind"] == "ping":
                self.say("pong", epoch=message["epoch"])
            if kind in (None, message["kind"]):
                return message
        raise AssertionError(f"no {kind} came")

    def hello(self, window=WINDOW):
        self.say("hello", service="matcher", boot=uuid.uuid4().hex, window=window)
        return self.hear("welcome")["epoch"]


class Messages(unittest.TestCase):
    def test_repeated_and_reordered_commands_do_their_work_once(self):
        rng = random.Random(SEED)
        with Network() as net:
            intakes, peer, keys = intakes_for(net, 60, SEED), Peer(net, "intake"), {}
            frames = [msgpack.packb({"v": 1, "kind": "submit", "id": f"key-{n}", "key": f"key-{n}", "by": "load",
                                     "role": "operator", "intake": intake}) for n, intake in enumerate(intakes)] * 3
            rng.shuffle(frames)
            for frame in frames:
                peer.raw(frame)
            again = 0
            for _ in frames:
                reply = peer.hear("accepted")
                again += reply["again"]
                self.assertEqual(keys.setdefault(reply["id"], reply["case_id"]), reply["case_id"])
            self.assertEqual(again, 2 * len(intakes))
            audit(net, keys)

    def test_verbs_of_another_time_version_or_kind_change_nothing(self):
        with Network(settings={"limits.lease": "2 s"}) as net:
            wait_for(lambda: net.metric("intake.1", "referral_credit"), 20, "a matcher's window")
            own = net.metric("intake.1", "referral_credit")
            peer = Peer(net, "intake.work")
            stale = peer.hello()
            epoch = peer.hello(WINDOW + 1)  # the second hello ends the first epoch
            self.assertNotEqual(stale, epoch)

            def credit():
                return net.metric("intake.1", "referral_credit")
            wait_for(lambda: credit() == own + WINDOW + 1, 10, "both windows")
            for say in (lambda: peer.say("credit", epoch=stale, finished=7), lambda: peer.say("drain", epoch=stale),
                        lambda: peer.say("credit", epoch=epoch, finished=9),  # more than it was given
                        lambda: peer.say("drain", v=2, epoch=epoch), lambda: peer.say("drain"),
                        lambda: peer.say("accepted", case_id="x", version=1, again=False, needs=[]),
                        lambda: peer.say("unheard_of"), lambda: peer.raw(b"\xdd\xff\x00\x00\x00"),
                        lambda: peer.raw(b"", b"two frames"), lambda: peer.raw(os.urandom(3000))):
                say()
                peer.say("ping", epoch=epoch)
                self.assertEqual(peer.hear("pong")["epoch"], epoch, "it was thrown out")
            self.assertEqual(credit(), own + WINDOW + 1, "a window has changed")
            peer.hello(1)
            wait_for(lambda: credit() == own + 1, 10, "the windows as they were")
            load = Load(net, intakes_for(net, 30, SEED), window=30).run()
            audit(net, [load])

    def test_a_worker_that_takes_work_and_never_does_it_delays_no_more_than_a_lease(self):
        with Network(settings={"limits.lease": "2 s", "limits.reap_every": "200 ms"}) as net:
            wait_for(lambda: net.metric("intake.1", "referral_credit"), 20, "a matcher's window")
            peer = Peer(net, "intake.work")
            peer.hello(256)
            load = Load(net, intakes_for(net, 60, SEED), window=60).run()
            taken = [peer.hear("work")["item"]]

            def done():
                if peer.socket.poll(0):
                    message = peer.hear()
                    taken.extend([message["item"]] if message["kind"] == "work" else [])
                return not any(net.redis.zcard(f"{TAG}:match:{s}") for s in (
                    "leased", "ready:emergency", "ready:urgent", "ready:normal"))
            wait_for(done, 20, "others do it")
            self.assertGreater(len(taken), 10, "it was given nothing")
            audit(net, [load])

    def test_a_flood_of_garbage_leaves_others_their_turn(self):
        rng = random.Random(SEED)
        with Network() as net:
            liars = [Peer(net, name) for name in ("intake", "intake.work", "matcher.1", "matcher.1.work") for _ in "ab"]
            intakes = intakes_for(net, 60, SEED)
            for peer in liars:
                for _ in range(500):
                    peer.socket.send(rng.randbytes(rng.randint(0, 400)), zmq.NOBLOCK)
            load = Load(net, intakes, window=16).run()
            audit(net, [load])
            self.assertGreater(net.metric("intake.1", 'referral_message_refused_total{status="bad_message"}'), 100)


if __name__ == "__main__":
    unittest.main()
