# The small servers of the Rust examples `token` and `rate_limit_reset`, for their Python twins.

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def answer(self, status, body="", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


# Takes each token for three rows.
class ExpiringToken(Quiet):
    uses = 0

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.lock:
            token = str(ExpiringToken.uses // 3)
            if self.path == "/login":
                return self.answer(200, token)
            if self.headers.get("Authorization") != f"Bearer {token}":
                return self.answer(401)
            ExpiringToken.uses += 1
        self.answer(201)


# Lets ten requests through in a window of 2 s.
class TenInAWindow(Quiet):
    left, reset = 10, 0.0

    def do_GET(self):
        with self.lock:
            state, now = TenInAWindow, time.time()
            if state.left == 0 and now >= state.reset:
                state.left = 10
            if state.left == 10:
                state.reset = now + 2
            status = 200 if state.left else 403
            state.left = max(0, state.left - 1)
            headers = [
                ("X-RateLimit-Remaining", str(state.left)),
                ("X-RateLimit-Reset", str(int(state.reset * 1000))),
            ]
        self.answer(status, headers=headers)


# Starts a server and returns its base URL. It runs until the program ends.
def start(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
