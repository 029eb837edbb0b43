# SPDX-License-Identifier: Apache-2.0
"""An agency's web server, as tests of faults want it."""

import http.server
import json
import threading


def agencies_of(net):
    """All of the directory."""
    agencies, offset = set(), 0
    while offset is not None:
        page = net.http("GET", f"/api/v1/services?offset={offset}", role="supervisor").json
        agencies |= {s["agency"] for s in page["services"]}
        offset = page.get("next")
    return agencies


class Receiver:
    """Keeps what agencies are told; while `gate` is shut it gives no answer."""

    def __init__(self):
        self.got, self.gate, self.status = [], threading.Event(), 204
        self.gate.set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.headers["webhook-id"], json.loads(body)["data"]))
                receiver.gate.wait(30)
                try:
                    self.send_response(receiver.status)
                    self.end_headers()
                except OSError:  # who asked is dead
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def takes_all(self, net):
        """Every agency of the directory is told here."""
        for agency in agencies_of(net):
            net.ctl("channel", "set", agency, "webhook", f"http://127.0.0.1:{self.server.server_port}/hook")
