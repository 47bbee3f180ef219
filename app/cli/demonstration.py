"""`vexascope demo`: cases to look at, then the server, already signed in."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.bootstrap import Container, migrate
from app.cli.demonstration_readers import READERS, make_readers
from app.cli.serving import announce_administrator, ready_line, run
from app.domain.case import CaseOrigin, ClinicalContext, NewCase, Sex
from app.domain.errors import InvalidInput, SettingsRefused
from app.domain.site import DEFAULT_SITE_ID
from app.imaging.synthetic import CaseProfile, random_case, render_frame
from app.services.intake import IncomingFile, take_in
from app.services.opening import open_case
from app.services.reading import bundle_of
from app.services.registering import register
from app.web.security import DemonstrationLink, Security

Images = Iterator[tuple[str, NDArray[np.uint8]]]
JPEG_QUALITY = 92
POLL_S = 0.2
PAGE = 100


@dataclass(frozen=True)
class DemonstrationCase:
    """One case to seed; `profile` says what it imitates.

    Parameters
    ----------
    age_days
        How long ago it is said to have been opened.
    """

    accession_number: str
    patient_identifier: str
    profile: CaseProfile
    cell_count: int
    seed: int
    context: ClinicalContext
    age_days: int = 0


CASES = (
    DemonstrationCase(
        "DEMO-1-VEXAS-LIKE",
        "DEMO-PATIENT-1",
        CaseProfile.VEXAS_LIKE,
        180,
        1,
        ClinicalContext(
            age_years=71,
            sex=Sex.MALE,
            haemoglobin_g_dl=9.1,
            mcv_fl=108,
            platelets_10e9_l=121,
            neutrophils_10e9_l=2.4,
            known_cytopenia="Macrocytic anaemia for 14 months",
            question="Recurrent chondritis and fever: UBA1 sequencing?",
        ),
    ),
    DemonstrationCase(
        "DEMO-2-CONTROL",
        "DEMO-PATIENT-2",
        CaseProfile.CONTROL,
        180,
        2,
        ClinicalContext(
            age_years=64,
            sex=Sex.FEMALE,
            haemoglobin_g_dl=11.8,
            mcv_fl=91,
            platelets_10e9_l=205,
            neutrophils_10e9_l=3.9,
            question="Anaemia under investigation",
        ),
    ),
    DemonstrationCase(
        "DEMO-3-FEW-CELLS",
        "DEMO-PATIENT-3",
        CaseProfile.VEXAS_LIKE,
        28,
        3,
        ClinicalContext(
            age_years=68,
            sex=Sex.MALE,
            haemoglobin_g_dl=8.4,
            mcv_fl=104,
            platelets_10e9_l=64,
            neutrophils_10e9_l=0.6,
            known_cytopenia="Pancytopenia",
            question="VEXAS?",
        ),
    ),
    DemonstrationCase(
        "DEMO-0-EARLIER",
        "DEMO-PATIENT-1",
        CaseProfile.CONTROL,
        120,
        4,
        ClinicalContext(
            age_years=70,
            sex=Sex.MALE,
            haemoglobin_g_dl=10.8,
            mcv_fl=101,
            platelets_10e9_l=164,
            neutrophils_10e9_l=3.1,
            question="Macrocytosis under investigation",
        ),
        age_days=190,
    ),
)


def run_demo(container: Container, data: Path | None, *, real: bool) -> None:
    """Seed what is not there yet, serve, and say where to look once all cells are read."""
    migrate(container)
    _refuse_beside_patients(container, [_number(item, real=real) for item in CASES])
    announce_administrator(container)
    container.remember_bundle()
    console = Console(stderr=True)
    cases = [_seed(container, item, data, console, real=real) for item in CASES]
    security = Security(container)
    passwords = make_readers(container)
    token = secrets.token_urlsafe(32)
    security.demonstration = DemonstrationLink(token, READERS[0].name)

    def ready(port: int) -> None:
        _wait_for_findings(container, cases, console)
        address = f"http://{container.settings.host}:{port}"
        link = f"{address}/demonstration/{token}?case={cases[0]}"
        print("Two readers, with passwords of this start:")
        for name, password in passwords.items():
            print(f"  {name}   password: {password}")
        print(f"The link signs in {READERS[0].name}, whose password a signature asks for.")
        print(f"Open the demonstration case, signed in: {link}")
        print(ready_line(container, port), flush=True)

    run(container, security, ready)


def _number(item: DemonstrationCase, *, real: bool) -> str:
    return item.accession_number + ("-REAL" if real else "")


def _refuse_beside_patients(container: Container, numbers: list[str]) -> None:
    """Seed nothing where a laboratory works.

    Raises
    ------
    SettingsRefused
        If a demonstration case is missing and there is a case of a laboratory.
    """
    with container.transactions() as transaction:
        if all(transaction.cases.find(number, [DEFAULT_SITE_ID]) for number in numbers):
            return
        before: UUID | None = None
        while page := transaction.cases.page(before, PAGE, container.bundle.manifest.digest):
            if any(item.case.origin is CaseOrigin.LABORATORY for item in page):
                raise SettingsRefused(
                    "The data folder or database holds cases of a laboratory; demonstration "
                    "cases would stand among them. Set VEXASCOPE_DATA_DIR to another folder, and "
                    "VEXASCOPE_DATABASE_URL and VEXASCOPE_STORAGE_URL to nothing."
                )
            before = page[-1].case.id


def _seed(
    container: Container,
    item: DemonstrationCase,
    data: Path | None,
    console: Console,
    *,
    real: bool,
) -> UUID:
    number = _number(item, real=real)
    with container.transactions() as transaction:
        found = transaction.cases.find(number, [DEFAULT_SITE_ID])
    if found is not None:
        return found.id
    images = _real_images(item, data) if real else _synthetic_images(item)
    files = [_file(name, rgb) for name, rgb in _shown(images, item, console)]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    origin = CaseOrigin.OPEN_DATA if real else CaseOrigin.SYNTHETIC
    new = NewCase(number, item.patient_identifier, None, item.context, origin)
    with container.transactions() as transaction:
        opened_at = container.now() - timedelta(days=item.age_days)
        case = open_case(transaction, new, opened_at)
        digest = container.bundle.manifest.digest
        register(transaction, case.id, delivery, digest, container.now())
    return case.id


def _shown(images: Images, item: DemonstrationCase, console: Console) -> Images:
    with _bar(console) as progress:
        task = progress.add_task(f"Drawing {item.accession_number}", total=item.cell_count)
        for image in images:
            yield image
            progress.advance(task)


def _synthetic_images(item: DemonstrationCase) -> Images:
    cells = random_case(item.profile, item.cell_count, item.seed)
    for number, cell in enumerate(cells, start=1):
        yield f"synthetic-{number:03}.jpg", render_frame(cell)


def _real_images(item: DemonstrationCase, data: Path | None) -> Images:
    """Real neutrophils of healthy donors, with lesions drawn at the profile's shares."""
    from app.training.datasets.pbc import read_records  # noqa: PLC0415 - only with --real
    from app.training.datasets.sample import read_rgb  # noqa: PLC0415 - only with --real
    from app.training.lesions import Edit, draw_all  # noqa: PLC0415 - only with --real

    root = _real_data(data)
    records = [record for record in read_records(root) if record.is_pmn]
    rng = np.random.default_rng(item.seed)
    chosen = rng.choice(len(records), item.cell_count, replace=False)
    for index in chosen:
        rgb = read_rgb(records[index].path)
        shares = item.profile.shares.items()
        edits = tuple(Edit(label) for label, share in shares if rng.random() < share)
        drawn, done = draw_all(rgb, edits, rng) if edits else (rgb, ())
        kind = "-".join(["drawn", *(edit.abnormality for edit in done)]) if done else "untouched"
        yield f"{records[index].path.stem}-{kind}.jpg", drawn


def _real_data(data: Path | None) -> Path:
    folder = data or Path("../shared/data")
    if not (folder / "pbc" / "cells.csv").is_file():
        raise InvalidInput(
            f"{folder} holds no pbc/cells.csv. Name the folder of the published images with --data."
        )
    return folder / "pbc"


def _file(name: str, rgb: NDArray[np.uint8]) -> IncomingFile:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1]
    return IncomingFile(name, BytesIO(encoded.tobytes()))


def _wait_for_findings(container: Container, cases: list[UUID], console: Console) -> None:
    """Wait until each case is read by the bundle that it is reported with."""
    with _bar(console) as progress:
        task = progress.add_task("Classifying", total=None)
        while True:
            with container.transactions() as transaction:
                bundles = [bundle_of(transaction, case, container.bundle) for case in cases]
                states = [
                    transaction.cells.progress(case, bundle.manifest.digest)
                    for case, bundle in zip(cases, bundles, strict=True)
                ]
            total = sum(state.cell_count for state in states)
            left = sum(state.pending_count for state in states)
            progress.update(task, total=total, completed=total - left)
            if not left:
                return
            time.sleep(POLL_S)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
