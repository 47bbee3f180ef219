"""`make bench`: the server against onnxruntime alone, in one run, as a ratio.

Both run the same bundle with the same number of threads on the same machine, in turns, so that a
machine that slows down slows both. Cells are synthetic and of the size of real crops: what is
measured is speed, and nothing about accuracy.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import onnxruntime
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.imaging.preprocess import preprocess
from app.imaging.synthetic import SyntheticCell, render_cell
from app.inference.bundle import load_bundle
from app.settings import Settings
from tests.images import encoded
from tests.server import Server

BATCH = 64
LEAST_RATIO = 0.7
SENDERS = 4


def main() -> int:
    """Measure, print, and say by the exit status whether the stated limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="turns of both sides")
    parser.add_argument("--batches", type=int, default=30, help="requests of 64 images in a turn")
    options = parser.parse_args()
    threads = os.cpu_count() or 1
    images = [render_cell(SyntheticCell(seed=seed)) for seed in track(range(BATCH), "Drawing")]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), VEXASCOPE_THREADS=str(threads))
        ready_s = server.start()
        try:
            at_rest_mib = server.memory_mib()
            alone, served = _turns(server, images, threads, options.rounds, options.batches)
            most_mib = server.memory_mib("VmHWM")
        finally:
            server.stop()
    return _print(alone, served, ready_s, at_rest_mib, most_mib)


def _turns(
    server: Server, images: list[np.ndarray], threads: int, rounds: int, batches: int
) -> tuple[list[float], list[float]]:
    bundle = load_bundle(Settings().bundle_dir)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        bundle.network, options, providers=["CPUExecutionProvider"]
    )
    prepared = np.stack([preprocess(rgb, bundle.bundle.manifest.size_px) for rgb in images])
    alone, served = [], []
    _alone(session, prepared, 1)
    _served(server, images, 2)
    for _ in track(range(rounds), "Measuring"):
        alone.append(_alone(session, prepared, batches))
        served.append(_served(server, images, batches))
    return alone, served


def _alone(session: onnxruntime.InferenceSession, prepared: np.ndarray, batches: int) -> float:
    """Images a second of onnxruntime on images that are ready in memory, 64 in a call."""
    outputs = ["pmn_probability", "abnormality_probabilities"]
    started = time.perf_counter()
    for _ in range(batches):
        session.run(outputs, {"images": prepared})
    return batches * BATCH / (time.perf_counter() - started)


def _served(server: Server, images: list[np.ndarray], batches: int) -> float:
    """Images a second from the first request until all findings are answered.

    Each request goes to a case of its own: the same image twice in a case would be one cell.
    """
    with server.client() as client:
        requests = [_request(client, images) for _ in range(batches)]
        started = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            for response in senders.map(client.send, requests):
                assert response.status_code == 200, response.text
                assert len(response.json()["cells"]) == BATCH
        return batches * BATCH / (time.perf_counter() - started)


def _request(client: httpx.Client, images: list[np.ndarray]) -> httpx.Request:
    number = uuid.uuid4().hex
    new = {"accession_number": number, "patient_identifier": number}
    case = client.post("/api/v1/cases", json=new).json()["id"]
    files = [
        ("files", (f"{index}.jpg", encoded(rgb, "JPEG", quality=92)))
        for index, rgb in enumerate(images)
    ]
    request = client.build_request(
        "POST", f"/api/v1/cases/{case}/cells", params={"wait": 120}, files=files
    )
    request.read()
    return request


def _print(
    alone: list[float], served: list[float], ready_s: float, at_rest_mib: float, most_mib: float
) -> int:
    ratios = [there / here for there, here in zip(served, alone, strict=True)]
    ratio = statistics.median(ratios)
    table = Table(title="Classifying through POST .../cells, 64 JPEGs a request")
    table.add_column("measure")
    table.add_column("median", justify="right")
    table.add_column("lowest to highest", justify="right")
    table.add_row("onnxruntime alone, images/s", *_spread(alone, ".0f"))
    table.add_row("server, images/s", *_spread(served, ".0f"))
    table.add_row(f"ratio (at least {LEAST_RATIO})", *_spread(ratios, ".2f"))
    table.add_row("process start to ready, s", f"{ready_s:.1f}", "")
    table.add_row("server memory at rest, MiB", f"{at_rest_mib:.0f}", "")
    table.add_row("server memory, most, MiB", f"{most_mib:.0f}", "")
    Console(width=100).print(table)
    return 0 if ratio >= LEAST_RATIO else 1


def _spread(values: list[float], form: str) -> tuple[str, str]:
    low, high = min(values), max(values)
    return f"{statistics.median(values):{form}}", f"{low:{form}} to {high:{form}}"


if __name__ == "__main__":
    sys.exit(main())
