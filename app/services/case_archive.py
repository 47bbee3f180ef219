"""The archive of a case: how it is laid out, and how it is written.

A ZIP with the pictures as they are stored, `case.json` with everything else, `findings.csv` to be
read, `README.txt`, and `manifest.sha256` with the digest of each of these files. The digests tell
damage; they do not tell who made the archive.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

from pydantic import TypeAdapter

from app import __version__
from app.domain.case_records import CaseRecords
from app.domain.cell import Cell
from app.domain.errors import Conflict, Forbidden
from app.domain.message import message
from app.domain.review import Reading
from app.ports import BlobStore, Transaction
from app.services.intake import blob_name
from app.services.reading import read_case
from app.services.reviewing import Reader

ARCHIVE_FORMAT = 1
CASE_FILE, README_FILE, MANIFEST_FILE = "case.json", "README.txt", "manifest.sha256"
FINDINGS_FILE = "findings.csv"
RECORDS: TypeAdapter[CaseRecords] = TypeAdapter(CaseRecords)
README = """\
Vexascope: one case, to be moved to another instance.

This archive holds DATA OF A PATIENT: identifier, name where one is stored, clinical values and
pictures. Keep it and send it as your laboratory does with such data, and delete it when it has
arrived.

images/          each cell as it is stored (PNG), by number and digest of its pixels
case.json        the case, what the classifier found, what readers decided and wrote, signed reports
findings.csv     the same findings and decisions as a table, to be read; import does not use it
manifest.sha256  digest of each file; `sha256sum -c manifest.sha256` checks them

Import it with `vexascope case import FILE`, on its page /cases/import, or POST it
to /api/v1/cases/import.
For research use only. Not a medical device, not for diagnosis.

---

Vexascope : un dossier, à transférer vers une autre instance.

Cette archive contient des DONNÉES DE PATIENT. Conservez-la et transmettez-la comme votre
laboratoire le fait pour de telles données, et supprimez-la une fois arrivée.
Réservé à la recherche : ni dispositif médical, ni outil de diagnostic.
"""


def image_name(cell: Cell) -> str:
    """Where a cell's picture lies in the archive."""
    return f"images/{cell.ordinal:06}-{cell.pixel_sha256}.png"


def records_of(transaction: Transaction, reader: Reader) -> CaseRecords:
    """All of a case that is read completely.

    Raises
    ------
    Forbidden
        For the blinded second reader.
    Conflict
        While cells wait for classification, or the second reading goes on: the archive would show
        each reader what the other does.
    """
    as_read = read_case(transaction, reader.case, reader.active, reader.rule, reader.user.id)
    if as_read.is_blinded:
        raise Forbidden(message("The second reader does not export the case."))
    if Reading.SECOND in as_read.readings and not as_read.both_finished:
        raise Conflict(
            message(
                "A second reading goes on. Export the case once both readings are finished: "
                "the archive would show each reader what the other has done."
            )
        )
    if not as_read.progress.done:
        raise Conflict(message("Cells wait for classification. Export the case after it."))
    return transaction.archives.read(reader.case.id, as_read.bundle.manifest.digest)


def write_archive(
    records: CaseRecords, table: str, blobs: BlobStore, file: BinaryIO, now: datetime
) -> None:
    """Write the archive, one picture in memory at a time.

    Parameters
    ----------
    table
        The findings as comma-separated text.

    Raises
    ------
    NotFound
        If a picture is lost.
    """
    digests: dict[str, str] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, method in _members(records, table, blobs, now):
            digests[name] = hashlib.sha256(content).hexdigest()
            _add(archive, name, content, now, method)
        _add(archive, MANIFEST_FILE, _manifest(digests), now, zipfile.ZIP_DEFLATED)


def _members(
    records: CaseRecords, table: str, blobs: BlobStore, now: datetime
) -> Iterator[tuple[str, bytes, int]]:
    yield README_FILE, README.encode(), zipfile.ZIP_DEFLATED
    yield CASE_FILE, _case_json(records, now), zipfile.ZIP_DEFLATED
    yield FINDINGS_FILE, table.encode(), zipfile.ZIP_DEFLATED
    for cell in records.cells:
        # They are compressed already.
        yield image_name(cell), blobs.get(blob_name(cell.pixel_sha256)), zipfile.ZIP_STORED


def _case_json(records: CaseRecords, now: datetime) -> bytes:
    content = {
        "format": ARCHIVE_FORMAT,
        "product": "vexascope",
        "version": __version__,
        "exported_at": now.isoformat(),
        "records": RECORDS.dump_python(records, mode="json"),
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, now: datetime, method: int) -> None:
    info = zipfile.ZipInfo(name, now.timetuple()[:6])
    info.compress_type = method
    # Else nobody may read what is unpacked.
    info.external_attr = 0o600 << 16
    archive.writestr(info, content)


def _manifest(digests: Mapping[str, str]) -> bytes:
    """As `sha256sum` writes it."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
