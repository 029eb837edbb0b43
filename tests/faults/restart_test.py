# SPDX-License-Identifier: Apache-2.0
"""Every service is restarted, one after another, and no client notices."""

import collections
import http.client
import json
import os
import random
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from crowd import Families, Hooks, Worker  # noqa: E402
from harness import Network, wait_for  # noqa: E402
from load import random_intake, terms_in_use  # noqa: E402

SEED = 20261122
ROUNDS = 5


class Client(Worker):
    """Submits, reads, searches and accepts over HTTP and repeats nothing: each answer counts.

    One that keeps its connection opens another only where the last answer told it to."""

    def __init__(self, net, seed, keeps):
        super().__init__()
        self.net, self.keeps, self.rng = net, keeps, random.Random(seed)
        self.seed, self.terms = seed, terms_in_use(net.redis)
        self.host = urllib.parse.urlsplit(net.endpoints["http"]).netloc
        self.token = net.tokens["operator"]["token"]
        self.acknowledged, self.codes, self.connection, self.opened = {}, collections.Counter(), None, 0

    def ask(self, method, path, body=None, **headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, timeout=30)
            self.opened += 1
        headers = {"Authorization": "Bearer " + self.token, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.codes[answer.status] += 1
        assert answer.status in (200, 201), (method, path, answer.status, text)
        if not self.keeps or answer.getheader("Connection", "").lower() == "close":
            self.hang_up()
        return json.loads(text)

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def work(self):
        while not self.over.is_set():
            key = f"{self.seed}-{len(self.acknowledged)}"
            case = self.ask("POST", "/api/v1/intakes", random_intake(self.rng, self.terms), Idempotency_Key=key)["case"]
            assert case["id"] not in self.acknowledged.values(), f"{key} got the case of another key"
            self.acknowledged[key] = case["id"]
            self.ask("GET", "/api/v1/services?q=a")
            case = self.ask("GET", f"/api/v1/cases/{case['id']}")["case"]
            out = {r["need"]: r for r in case["referrals"] if r["state"] in ("sent", "delivered")}
            for referral in out.values():
                self.ask("POST", f"/api/v1/referrals/{referral['id']}/accept", None,
                         If_Match=f'"{referral["version"]}"', Idempotency_Key=key + referral["id"])
        self.hang_up()


class Restart(unittest.TestCase):
    def test_no_client_notices_that_every_service_is_restarted(self):
        hooks = Hooks()
        self.addCleanup(hooks.close)
        with Network(settings={"notifier.webhook_private": "yes"}) as net:
            hooks.take(net)
            families = Families(net, SEED, rate=100)
            clients = [Client(net, f"{SEED}/{n}", keeps=n % 2 == 0) for n in range(4)]
            for thread in (families, *clients):
                thread.start()
            for _ in range(ROUNDS):
                self.one_round(net, clients)
            for thread in (families, *clients):
                thread.end()
            self.assertEqual(families.load.refused, {}, "a command was refused")
            for client in clients:
                if client.keeps:
                    self.assertLessEqual(client.opened, 2 * ROUNDS + 2, "a kept connection was closed unasked")
            books = audit(net, [families.load, *(client.acknowledged for client in clients)])
            self.assertEqual(list(hooks.wrong(books)), [])
            print(f"{ROUNDS} rounds; {len(books.cases)} cases, "
                  f"{sum(sum(c.codes.values()) for c in clients)} HTTP answers, "
                  f"slowest accept {max(families.load.latency_ms):.0f} ms", flush=True)

    def one_round(self, net, clients):
        before, done = net.endpoints["pids"], [len(c.acknowledged) for c in clients]
        said = net.ctl("restart").stdout
        after = net.endpoints["pids"]
        self.assertEqual([line.split()[0] for line in said.splitlines()],
                         ["notifier.1", "matcher.1", "intake.1", "gateway.1"])
        for name, pid in before.items():
            self.assertEqual(after[name] == pid, name == "redis", f"{name} was {pid}, is {after[name]}")

        def all_went_on():
            for client in clients:
                if client.error:
                    raise client.error
            return all(len(c.acknowledged) > n for c, n in zip(clients, done))
        wait_for(all_went_on, 30, "every client going on")

    def test_one_service_is_restarted_by_name_and_an_unknown_one_is_named(self):
        with Network() as net:
            before = net.endpoints["pids"]
            self.assertIn("matcher.1 is ready again", net.ctl("restart", "matcher.1").stdout)
            after = net.endpoints["pids"]
            self.assertEqual({name for name in before if before[name] != after[name]}, {"matcher.1"})
            for words in (["redis"], ["matcher.1", "nosuch.1"]):
                done = net.ctl("restart", *words, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(f"no service is called {words[-1]}", done.stderr)
            self.assertEqual(net.endpoints["pids"], after)


if __name__ == "__main__":
    unittest.main()
