"""`python -m tests.interchange.peer_process PORT FILE`: a peer that can be killed at any moment.

Before it accepts a message it writes a line of it to the file: MSH-10, the accession number, the
version of the report, and a digest of the message. What it has accepted is thus never missing
there.
"""

import hashlib
import socket
import socketserver
import sys
import time
from pathlib import Path

from app.interchange.hl7v2 import Message, read_message
from app.interchange.mllp import FrameReader, framed
from tests.interchange.peer import ACK


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Until the sender closes."""
        frames = FrameReader(2**24)
        connection: socket.socket = self.request
        while data := connection.recv(65536):
            for content in frames.feed(data):
                message = read_message(content)
                _keep(message, content)
                # Told to, it takes a message and never says so: then it is killed.
                while Path(f"{sys.argv[2]}.hold").exists():
                    time.sleep(0.01)
                answer = ACK.format(code="AA", number=message.header.text(10), error="")
                connection.sendall(framed(answer.encode()))


def _keep(message: Message, content: bytes) -> None:
    codes = {observed.text(3): observed.text(5) for observed in message.all("OBX")}
    line = [
        message.header.text(10),
        message.all("SPM")[0].text(2),
        codes["REPORT-VERSION"],
        hashlib.sha256(content).hexdigest(),
    ]
    with Path(sys.argv[2]).open("a", encoding="utf-8") as file:
        file.write("\t".join(line) + "\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with _Server(("127.0.0.1", int(sys.argv[1])), _Connection) as server:
        server.serve_forever()
