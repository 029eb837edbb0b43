# SPDX-License-Identifier: Apache-2.0
"""What identifies a family is nowhere in clear but in the answers to who may see it."""

import http.server
import os
import socket
import struct
import sys
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Network, demo_intake, wait_for  # noqa: E402

NAME, PHONE, NOTE, ADDRESS = "Zyxomira Quettlebaum", "+380671234987", "hides in the blue cellar", "Quokka lane 77"
LAT, LON = 48.917263, 24.714985
CODE = "UA26040190010043657"
NEEDLES = [NAME, PHONE, PHONE[1:], "380 67 123", NOTE, ADDRESS, str(LAT), str(LON), CODE, "Quettlebaum"]


ROUGH = [CODE.encode()] + [struct.pack(form, round(value, 2)) for form in (">d", "<d") for value in (LAT, LON)]


def needles():
    texts = [n.encode() for n in NEEDLES]
    # The exact point as msgpack and as C hold a double; the rounded one too: it is sealed.
    for value in (LAT, LON, round(LAT, 2), round(LON, 2)):
        texts += [struct.pack(">d", value), struct.pack("<d", value)]
    return texts


class Sink(http.server.BaseHTTPRequestHandler):
    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Sink.got.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Tap:
    """A wire between two processes that keeps what passes, both ways."""

    def __init__(self):
        self.kept = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.to = free.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                self.kept += data
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                end.close()


class Privacy(unittest.TestCase):
    def test_a_planted_name_phone_note_and_point_are_nowhere_in_clear(self):
        sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{sink.server_port}/hook"
        work, told, asked = Tap(), Tap(), Tap()
        with Network(settings={
                "notifier.webhook_private": "yes", "log.level": "debug",
                "intake.work": f"tcp://127.0.0.1:{work.to}",
                "matcher.upstream": f"tcp://127.0.0.1:{work.port}",
                "matcher.work": f"tcp://127.0.0.1:{told.to}",
                "notifier.upstream": f"tcp://127.0.0.1:{told.port}",
                "matcher.queries": f"tcp://127.0.0.1:{asked.to}",
                "gateway.matcher": f"tcp://127.0.0.1:{asked.port}"}) as net:
            intake = demo_intake()
            intake["place"] = {"code": CODE, "lat": LAT, "lon": LON, "text": ADDRESS}
            intake["contact"] = {"name": NAME, "phone": PHONE}
            intake["needs"][0]["note"] = NOTE
            agencies, offset = set(), 0
            while offset is not None:
                page = net.http("GET", f"/api/v1/services?offset={offset}").json
                agencies |= {s["agency"] for s in page["services"]}
                offset = page.get("next")
            for agency in agencies:
                set_ = net.http("PUT", f"/api/v1/agencies/{agency}/channel",
                                {"channel": "webhook", "address": url}, role="coordinator")
                self.assertEqual(set_.status, 204)
            monitor = net.redis.monitor()
            traffic = []
            with monitor:
                case_id = net.submit(intake).json["case"]["id"]
                case = net.settled(case_id)
                referral = case["referrals"][0]
                self.assertEqual(net.answer(referral["id"], "accept", referral["version"], note=NOTE).status, 200)
                net.http("GET", "/api/v1/cases?phone=" + PHONE.replace("+", "%2B"))
                net.http("POST", "/api/v1/matches", intake)
                net.case(case_id, role="operations")
                marker = "end-of-traffic"
                net.redis.echo(marker)
                for line in monitor.listen():
                    traffic.append(str(line).encode())
                    if marker in str(line):
                        break
            self.assertEqual(net.case(case_id)["contact"]["name"], NAME, "who may see it sees it")
            wait_for(lambda: Sink.got, 10, "a webhook")
            metrics = b"".join(urllib.request.urlopen(u + "/metrics").read()
                               for u in net.endpoints["metrics"].values())
            for tap in (work, told, asked):
                self.assertGreater(len(tap.kept), 500, "the wire was used")
            places = {"redis traffic": b"\n".join(traffic), "metrics": metrics,
                      "intake to matcher": bytes(work.kept), "matcher to notifier": bytes(told.kept),
                      "gateway to matcher": bytes(asked.kept),
                      "webhooks": b"".join(str(h).encode() + b for h, b in Sink.got)}
            self.assertEqual(net.stop(), 0)
            for folder, _, files in os.walk(net.dir):
                for name in files:
                    if name == "tokens.json" or folder.endswith("keys"):
                        continue
                    path = os.path.join(folder, name)
                    if os.path.isfile(path):
                        with open(path, "rb") as file:
                            places[path] = file.read()
            self.assertTrue(any("appendonlydir" in p for p in places), "Redis' files were looked at")
            for where, content in places.items():
                for needle in needles():
                    if where == "gateway to matcher" and needle in ROUGH:
                        continue  # a preview asks about a rough place; nothing of it is stored
                    self.assertNotIn(needle, content, f"{needle!r} stands in {where}")
        sink.shutdown()
        sink.server_close()

    def test_operations_metrics_and_logs_name_cases_by_id_only(self):
        with Network() as net:
            case_id = net.submit(demo_intake()).json["case"]["id"]
            net.settled(case_id)
            logs = net.logs()
            self.assertIn(case_id, logs, "an identity read is on record by case id")
            self.assertNotIn("Приклад", logs)


if __name__ == "__main__":
    unittest.main()
