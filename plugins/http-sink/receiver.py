"""A receiver of http-sink for trying it out: prints what is new, and answers what it has seen already just the same.

    python3 receiver.py PORT [SECRET]

A real one keeps the keys in the database that it writes to, in the same transaction. It ends after a minute of silence.
"""

import base64
import hashlib
import hmac
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT, SECRET = int(sys.argv[1]), (sys.argv[2:] or [None])[0]
seen = set()


def is_signed(headers, body):
    """Standard Webhooks: over id, time and body; what is older than five minutes may be a replay."""
    if SECRET is None:
        return True
    ident, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    is_encoded = SECRET.startswith("whsec_")
    key = base64.b64decode(SECRET.removeprefix("whsec_")) if is_encoded else SECRET.encode()
    signature = hmac.new(key, f"{ident}.{at}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(signature).decode()
    is_recent = at.isdigit() and abs(time.time() - int(at)) < 300
    return is_recent and hmac.compare_digest(expected, headers.get("webhook-signature", ""))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not is_signed(self.headers, body):
            return self.answer(401)
        key = self.headers["idempotency-key"]
        if key not in seen:
            seen.add(key)
            print(key, body.decode(), flush=True)
        self.answer(204)

    do_PUT = do_PATCH = do_POST

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(HTTPServer):
    timeout = 60

    def handle_timeout(self):
        sys.exit()


server = Server(("127.0.0.1", PORT), Receiver)
while True:
    server.handle_request()
