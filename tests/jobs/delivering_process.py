"""`python -m tests.jobs.delivering_process FOLDER`: delivers until it is killed.

With short leases, so that a test need not wait for two minutes.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

from app.bootstrap import running
from app.jobs import deliverer as module
from tests.conftest import make_settings
from tests.jobs.test_deliverer import QUICK


def main() -> None:
    """Deliver."""
    module.LEASE, module.SEND_S = timedelta(seconds=3), 1.0
    folder = Path(sys.argv[1])
    settings = make_settings(folder, bundle=folder / "bundle", webhook_allowed="127.0.0.1")
    with running(settings) as container, module.deliverer(container, QUICK):
        time.sleep(3600)


if __name__ == "__main__":
    main()
