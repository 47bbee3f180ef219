"""`vexascope serve` as a process of its own, for tests, benchmarks and pictures."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.bootstrap import running
from app.settings import Settings
from tests.accounts import add_accounts
from tests.conftest import ADMIN_PASSWORD, free_port

START_S = 180


class Server:
    """One server process; it can be started again after it was killed."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if "VEXASCOPE" not in name},
            "VEXASCOPE_DATA_DIR": str(folder),
            "VEXASCOPE_PORT": str(self.port),
            "VEXASCOPE_ADMIN_PASSWORD": ADMIN_PASSWORD,
            **variables,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start and wait until it is ready; seconds from the start of the process."""
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
        started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while time.monotonic() < started + START_S:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}")
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    took_s = time.monotonic() - started
                    self._add_reader()
                    return took_s
            except httpx.HTTPError:
                time.sleep(0.05)
        raise RuntimeError(f"the server was not ready after {START_S} s")

    def _add_reader(self) -> None:
        """The reader's account, beside the administrator's that the server makes."""
        values = {
            name.removeprefix("VEXASCOPE_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("VEXASCOPE_")
        }
        with running(Settings(**values)) as container:
            add_accounts(container)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=60)

    def client(self) -> httpx.Client:
        """A signed-in system."""
        return httpx.Client(base_url=self.url, auth=("reader", ADMIN_PASSWORD), timeout=300)

    def memory_mib(self, which: str = "VmRSS") -> float:
        """Resident memory now, or the most so far (`VmHWM`), in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(which))
        return int(line.split()[1]) / 1024
