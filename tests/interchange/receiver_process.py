"""`python -m tests.interchange.receiver_process PORT FILE HOLD`: reads a secret, receives webhooks.

A process of its own, so that it can be killed as the kernel kills. What it takes it writes before
it answers: key, case, place within the case, digest of the body. While the file HOLD is there it
writes and does not answer, so that whoever kills it then knows that an answer is lost.
"""

import hashlib
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def main() -> None:
    """Receive until killed."""
    port, file, hold = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    webhook = Webhook(sys.stdin.readline().strip())
    log = os.open(file, os.O_WRONLY | os.O_APPEND)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                data = webhook.verify(body, dict(self.headers))["data"]
            except WebhookVerificationError:
                self._answer(401)
                return
            digest = hashlib.sha256(body).hexdigest()
            key = self.headers["webhook-id"]
            line = f"{key}\t{data['case_id']}\t{data['sequence']}\t{digest}\n"
            os.write(log, line.encode())
            while hold.exists():
                time.sleep(0.01)
            self._answer(204)

        def _answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.serve_forever()


if __name__ == "__main__":
    main()
