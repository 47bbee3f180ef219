"""What the services need from the outside: small protocols that the adapters fulfil."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.case import Case, NewCase, Patient, Progress, Upload
from app.domain.case_records import BundleRecord, CaseRecords
from app.domain.case_state import CaseState
from app.domain.cell import Cell
from app.domain.discussion import Comment
from app.domain.finding import CellFindings
from app.domain.report import Interpretation
from app.domain.review import CellReview, Reading
from app.domain.screening import ScreeningRule
from app.domain.signing import Amendment, ReadingState, SignedVersion
from app.domain.upload_part import UploadPart
from app.domain.user import ApiToken, User
from app.domain.worklist import (
    SavedFilter,
    SortValue,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
)

Clock = Callable[[], datetime]
"""The time now, in UTC with its zone."""


@dataclass(frozen=True)
class Bundle:
    """A classifier's manifest and the screening rule that goes with it."""

    manifest: BundleManifest
    rule: ScreeningRule


@dataclass(frozen=True)
class Prediction:
    """One forward pass over one cell; probabilities 0-1.

    `novelty` says how unlike the learnt neutrophils the cell is, in the network's own unit; None
    where the bundle measures none. `embedding` (D,) is what the network's last layer reads.
    """

    pmn_probability: float
    probabilities: Mapping[Abnormality, float]
    novelty: float | None = None
    # Arrays have no equality that is one truth value.
    embedding: NDArray[np.float32] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class CellEmbedding:
    """Where a cell lies among the others, under one bundle: neighbours look alike to it.

    Parameters
    ----------
    vector
        (64,), as `app.imaging.embedding.project` makes it.
    """

    cell_id: UUID
    bundle_digest: str
    vector: NDArray[np.float16] = field(compare=False)


class Classifier(Protocol):
    """Runs one bundle."""

    @property
    def bundle(self) -> Bundle:
        """What runs."""

    @property
    def provider(self) -> str:
        """The execution provider that really runs, for example ``CPUExecutionProvider``."""

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Classify n images (size_px, size_px, 3), 0-255, RGB order; n predictions in order."""

    def explain(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where the log-odds of one image (size_px, size_px, 3) come from, for each abnormality.

        Returns
        -------
        (4, h, w), over the whole square of the image, in units of the calibrated logit: the mean
        of a label's map, plus a constant of the label, is its log-odds.
        """


class BlobStore(Protocol):
    """Bytes under a name; a name's bytes never change."""

    def put(self, name: str, content: bytes) -> None:
        """Store unless the name is there already; bytes of another size are replaced.

        A killed process leaves all of it or nothing. A power cut can take or cut short the last
        seconds of a local disk, which is not told to flush each file: that made storing 64 images
        of 40 KB on one thread take 0.2 s instead of 0.02 s. S3 keeps what it has confirmed.
        """

    def get(self, name: str) -> bytes:
        """The bytes; raises `NotFound`."""

    def check(self) -> None:
        """Raise `StorageUnavailable` where the store does not answer."""


@dataclass(frozen=True)
class CaseSummary:
    """One line of the list of cases."""

    case: Case
    progress: Progress


class CaseRepository(Protocol):
    """Patients, cases and uploads."""

    def add(self, new: NewCase, created_at: datetime) -> Case:
        """Open a case; raises `Conflict` where the accession number exists."""

    def get(self, case_id: UUID) -> Case:
        """One case; raises `NotFound`."""

    def lock(self, case_id: UUID) -> None:
        """Hold the case until the transaction ends, so that uploads number cells in turn."""

    def find(self, accession_number: str) -> Case | None:
        """The case with exactly this accession number."""

    def page(self, before: UUID | None, limit: int, digest: str) -> Sequence[CaseSummary]:
        """Cases, newest first, older than `before`, with their progress under a bundle."""

    def of_patient(self, patient_id: UUID) -> Sequence[Case]:
        """All cases of a patient, oldest first."""

    def patient(self, patient_id: UUID) -> Patient:
        """One patient; raises `NotFound`."""

    def add_upload(self, upload: Upload) -> None:
        """Record a delivery."""

    def upload(self, upload_id: UUID) -> Upload:
        """One delivery; raises `NotFound`."""

    def uploads_of(self, case_id: UUID) -> Sequence[Upload]:
        """All deliveries of a case, in the order in which they began."""

    def recorded_uploads(self, upload_ids: Sequence[UUID]) -> Sequence[Upload]:
        """Those of the deliveries that are there."""


class UploadPartRepository(Protocol):
    """Files in the making: what is known of them while their bytes arrive."""

    def add(self, part: UploadPart) -> None:
        """Begin one."""

    def get(self, part_id: UUID, case_id: UUID, user_id: UUID) -> UploadPart:
        """One of this case and this person; raises `NotFound` for any other."""

    def set_offset(self, part_id: UUID, offset_bytes: int, updated_at: datetime) -> None:
        """Note how many bytes are stored."""

    def remove(self, part_id: UUID, *, left_before: datetime | None = None) -> bool:
        """Forget one; whether it was there.

        With `left_before` only if no byte has reached it since then.
        """

    def all_of(self, case_id: UUID) -> Sequence[UploadPart]:
        """Those of a case, in the order in which they began."""

    def complete(self) -> Sequence[UploadPart]:
        """Those whose every byte is stored, which wait to be taken in."""

    def expired(self, now: datetime) -> Sequence[UploadPart]:
        """Those that have waited too long for their next bytes."""

    def ids(self) -> set[UUID]:
        """Of all."""

    def cases_in_progress(self) -> set[UUID]:
        """Cases that have a file in the making, or one that waits to be taken in."""


class PartWriter(Protocol):
    """The bytes of one file in the making, held by one request."""

    def start_at(self, offset_bytes: int) -> None:
        """Go on at an offset, whatever lies after it; raises `NotFound` if less is here."""

    def write(self, content: bytes) -> None:
        """Append; raises `StorageUnavailable`."""

    def keep(self) -> int:
        """Make what was written safe from a power cut; the size in bytes."""


class PartFiles(Protocol):
    """The bytes of files in the making, on this server's disk."""

    def create(self, part_id: UUID) -> None:
        """Begin an empty file; raises `StorageUnavailable`."""

    def appending(self, part_id: UUID) -> AbstractContextManager[PartWriter]:
        """Hold it for writing; raises `NotFound`, and `Locked` while somebody else holds it."""

    def reading(self, part_id: UUID) -> AbstractContextManager[BinaryIO]:
        """Hold it for reading; raises `NotFound`, and `Locked` while somebody else holds it."""

    def size_bytes(self, part_id: UUID) -> int | None:
        """How much is on this server's disk; None where it is not here."""

    def remove(self, part_id: UUID) -> None:
        """Delete it, if it is here."""

    def older_than(self, moment: datetime) -> set[UUID]:
        """Those that nobody has written to since."""


class CellRepository(Protocol):
    """Cells, findings and failures."""

    def add(self, cells: Sequence[Cell]) -> None:
        """Store new cells."""

    def get(self, cell_id: UUID) -> Cell:
        """One cell; raises `NotFound`."""

    def of_case(self, case_id: UUID) -> Sequence[Cell]:
        """All cells of a case by ordinal."""

    def of_upload(self, upload_id: UUID) -> Sequence[Cell]:
        """The cells that one delivery brought, by ordinal."""

    def known_pixels(self, case_id: UUID) -> set[str]:
        """`pixel_sha256` of the case's cells."""

    def unread(self, cell_ids: Sequence[UUID], digest: str) -> Sequence[Cell]:
        """Those of the cells that have neither findings nor a failure under the bundle."""

    def has_unread(self, upload_id: UUID, digest: str) -> bool:
        """Whether a cell of the delivery has neither findings nor a failure under the bundle."""

    def read_by_another(self, case_id: UUID, digest: str) -> Sequence[UUID]:
        """Cells that only another bundle has read."""

    def add_findings(self, findings: Iterable[CellFindings], found_at: datetime) -> None:
        """Append; what is there already under the same bundle stays as it is."""

    def add_failure(self, cell_id: UUID, digest: str, reason: str, failed_at: datetime) -> None:
        """Note that a cell could not be classified."""

    def findings(self, cell_ids: Sequence[UUID], digest: str) -> Mapping[UUID, CellFindings]:
        """Findings under one bundle, by cell."""

    def failures(self, case_id: UUID, digest: str) -> Mapping[UUID, str]:
        """Reasons of failure under one bundle, by cell."""

    def progress(self, case_id: UUID, digest: str) -> Progress:
        """How far one bundle is with a case."""

    def latest_bundle(self, case_id: UUID) -> str | None:
        """Digest of the bundle that read a cell of the case last."""


class ReviewRepository(Protocol):
    """What readers decide, and who has which reading of a case."""

    def of_case(self, case_id: UUID) -> Sequence[CellReview]:
        """All events of a case by sequence."""

    def last_sequence(self, case_id: UUID) -> int:
        """Of the case's latest event; 0 without any."""

    def add(self, reviews: Sequence[CellReview]) -> None:
        """Append; the case must be held by `CaseRepository.lock`."""

    def readings(self, case_id: UUID) -> Mapping[Reading, ReadingState]:
        """Who has the first and the second reading."""

    def assign(self, case_id: UUID, reading: Reading, reader: User, by: User, at: datetime) -> None:
        """Give a reading to a reader; whoever had it has it no longer."""

    def finish(self, case_id: UUID, reading: Reading, at: datetime | None) -> None:
        """Note that a reading is finished, or with None that it goes on."""

    def withdraw(self, case_id: UUID, reading: Reading) -> None:
        """Take a reading back; the events of it stay."""


class DiscussionRepository(Protocol):
    """What people write about cells and cases; append-only."""

    def add_comment(self, comment: Comment) -> None:
        """Store a comment."""

    def comments(self, case_id: UUID) -> Sequence[Comment]:
        """All comments on a case and its cells, oldest first."""

    def add_interpretation(self, case_id: UUID, text: str, author: User, at: datetime) -> None:
        """Store what from now on stands under the numbers."""

    def interpretation(self, case_id: UUID) -> Interpretation | None:
        """The latest one."""

    def interpreters(self, case_id: UUID) -> set[UUID]:
        """Accounts that ever wrote one."""


class VersionRepository(Protocol):
    """Signed reports and amendments."""

    def add(self, version: SignedVersion) -> None:
        """Store a version; raises `Conflict` where the number is taken."""

    def of_case(self, case_id: UUID) -> Sequence[SignedVersion]:
        """All versions of a case, oldest first."""

    def get(self, case_id: UUID, number: int) -> SignedVersion:
        """One version; raises `NotFound`."""

    def count(self, case_id: UUID) -> int:
        """How many versions are signed."""

    def amendment(self, case_id: UUID) -> Amendment | None:
        """The amendment that is open."""

    def open_amendment(self, amendment: Amendment) -> None:
        """Open a signed case again; raises `Conflict` where it is open already."""

    def close_amendment(self, case_id: UUID, at: datetime) -> None:
        """Note that the amendment was signed."""


class EmbeddingRepository(Protocol):
    """Where cells lie among each other."""

    def add(self, embeddings: Sequence[CellEmbedding]) -> None:
        """Append; what is there already under the same bundle stays as it is."""

    def of_case(self, case_id: UUID, digest: str) -> Sequence[CellEmbedding]:
        """Those of a case's cells under one bundle, by ordinal."""

    def latest_elsewhere(self, case_id: UUID, digest: str, limit: int) -> Sequence[CellEmbedding]:
        """The newest cells of all other cases under one bundle, newest first."""


class BundleRepository(Protocol):
    """Bundles that ever read a cell: an old report stays readable without its weights."""

    def remember(self, bundle: Bundle, files: Mapping[str, str], seen_at: datetime) -> None:
        """Keep manifest and rule under their digest."""

    def get(self, digest: str) -> Bundle:
        """A bundle by digest; raises `NotFound`."""


class UserRepository(Protocol):
    """People and their tokens."""

    def count(self) -> int:
        """How many accounts there are."""

    def add(self, user: User, created_at: datetime) -> None:
        """Store an account; raises `Conflict` where the name exists."""

    def by_name(self, name: str) -> User | None:
        """An account by its name."""

    def get(self, user_id: UUID) -> User | None:
        """An account by its id."""

    def set_password_hash(self, user_id: UUID, password_hash: str) -> None:
        """Replace the stored hash and end the account's tokens."""

    def set_preferences(self, user: User) -> None:
        """Store the full name, language, theme and tour of an account; raises `NotFound`."""

    def all(self) -> Sequence[User]:
        """Every account, by name."""

    def add_token(self, token: ApiToken) -> None:
        """Store a bearer token's digest."""

    def by_token(self, token_sha256: str, now: datetime) -> User | None:
        """Whose unexpired token this is."""


class WorklistRepository(Protocol):
    """The worklist: a copy of what is known of each case, made to be sorted and filtered."""

    def put(self, entry: WorklistEntry) -> None:
        """Write a case's line, over the one that is there."""

    def get(self, case_id: UUID) -> WorklistEntry:
        """A case's line; raises `NotFound`."""

    def page(
        self,
        chosen: WorklistFilter,
        order: WorklistOrder,
        position: WorklistPosition | None,
        limit: int,
    ) -> Sequence[WorklistEntry]:
        """Up to `limit` lines on one side of a position, always in the order of the list."""

    def counts(self, chosen: WorklistFilter) -> Mapping[CaseState, int]:
        """Cases in each state; the filter's own states are not looked at."""

    def sort_value(self, case_id: UUID, sort: WorklistSort) -> SortValue:
        """What a case is sorted by now; raises `NotFound`."""

    def missing(self, limit: int) -> Sequence[UUID]:
        """Cases that have no line yet, oldest first."""

    def count_missing(self) -> int:
        """How many cases have no line yet."""

    def patient_names(self, case_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Names of the cases' patients, where one is stored."""

    def readers(self) -> Mapping[UUID, str]:
        """Who reads any case, by account, in the order of their names."""


class FilterRepository(Protocol):
    """What people search the worklist for, and the filters that they keep."""

    def search_for(self, user_id: UUID, text: str, now: datetime) -> UUID:
        """Keep a search text; the same text of the same person has the same key."""

    def text(self, user_id: UUID, search_id: UUID) -> str:
        """The text behind a key of this person; raises `NotFound`."""

    def forget_before(self, moment: datetime) -> None:
        """Remove search texts that were last asked for before, unless a saved filter has them."""

    def add(self, saved: SavedFilter) -> None:
        """Keep a filter; raises `Conflict` where the person has one of this name."""

    def of_user(self, user_id: UUID) -> Sequence[SavedFilter]:
        """A person's filters, by name."""

    def rename(self, user_id: UUID, filter_id: UUID, name: str) -> None:
        """Give another name; raises `NotFound` and `Conflict`."""

    def remove(self, user_id: UUID, filter_id: UUID) -> None:
        """Remove a filter; one that is not there stays away."""


class ArchiveRepository(Protocol):
    """A whole case at once: to move it to another instance."""

    def read(self, case_id: UUID, bundle_digest: str) -> CaseRecords:
        """All of a case, with the findings of one bundle; raises `NotFound`."""

    def bundles(self, digests: Collection[str]) -> Sequence[BundleRecord]:
        """Those bundles that are known here."""

    def patient(self, identifier: str) -> Patient | None:
        """The patient with exactly this identifier."""

    def is_here(self, records: CaseRecords) -> bool:
        """Whether the case, or one of its cells, is stored already."""

    def write(self, records: CaseRecords, now: datetime) -> None:
        """Store a case whose accounts are there; raises `Conflict`."""


class JobQueue(Protocol):
    """Durable work, enqueued in the transaction that stores what it reads."""

    def enqueue_classification(self, case_id: UUID, cell_ids: Sequence[UUID]) -> None:
        """Classify up to 64 cells of one case."""


class Transaction(Protocol):
    """All repositories on one database transaction."""

    cases: CaseRepository
    cells: CellRepository
    embeddings: EmbeddingRepository
    bundles: BundleRepository
    users: UserRepository
    reviews: ReviewRepository
    discussion: DiscussionRepository
    versions: VersionRepository
    worklist: WorklistRepository
    filters: FilterRepository
    archives: ArchiveRepository
    parts: UploadPartRepository
    jobs: JobQueue

    def on_commit(self, do: Callable[[], None]) -> None:
        """Do something once everything is stored; nothing where the transaction fails."""


Transactions = Callable[[], AbstractContextManager[Transaction]]
"""Opens a transaction; leaving it commits, an exception rolls back. Only edges call it."""
