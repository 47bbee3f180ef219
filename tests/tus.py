"""A client of resumable uploads, one step at a time."""

import base64
from typing import Any

VERSION = {"Tus-Resumable": "1.0.0"}


def create(client: Any, case: str, name: str, size_bytes: int) -> Any:
    """Announce a file; the answer's `Location` leads to it."""
    metadata = f"filename {base64.b64encode(name.encode()).decode()}"
    headers = {**VERSION, "Upload-Length": str(size_bytes), "Upload-Metadata": metadata}
    return client.post(f"/cases/{case}/uploads/tus", headers=headers)


def begin(client: Any, case: str, name: str, size_bytes: int) -> str:
    """The same; its path."""
    answer = create(client, case, name, size_bytes)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def append(client: Any, path: str, offset_bytes: int, content: bytes) -> Any:
    """Send one piece."""
    headers = {
        **VERSION,
        "Upload-Offset": str(offset_bytes),
        "Content-Type": "application/offset+octet-stream",
    }
    return client.patch(path, headers=headers, content=content)


def head(client: Any, path: str) -> Any:
    """Ask how far it is."""
    return client.head(path, headers=VERSION)


def offset(client: Any, path: str) -> int:
    """How many bytes the server has."""
    answer = head(client, path)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def send(client: Any, case: str, name: str, content: bytes) -> str:
    """A whole file in one piece; the key of its delivery."""
    path = begin(client, case, name, len(content))
    if content:
        assert append(client, path, 0, content).status_code == 204
    return path.rpartition("/")[2]
