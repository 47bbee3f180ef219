"""Deliveries of a case, and files in the making, from domain values to what the page shows."""

import json
from collections.abc import Sequence
from uuid import UUID

from app.domain.case import Upload
from app.domain.upload_part import UploadPart
from app.web.language import THIN, gettext, localised, ngettext, translated
from app.web.pages.present import case_path
from app.web.pages.upload_contexts import (
    DeliveriesPart,
    RefusalRow,
    UnfinishedRow,
    UploadPanel,
)
from app.web.pages.wording import count, date_time

MIB = 1024**2
# The script has no plurals of its own; each language here has two forms.
_ONE_AND_MANY = (1, 2)


def upload_panel(case_id: UUID, deliveries: DeliveriesPart, *, first: bool) -> UploadPanel:
    """The panel into which files are dropped."""
    below = f"{case_path(case_id)}/uploads"
    return UploadPanel(
        path=f"{below}/tus",
        outcomes_path=f"{below}/outcomes",
        words=json.dumps(_words(), ensure_ascii=False),
        first=first,
        deliveries=deliveries,
    )


def deliveries_part(
    case_id: UUID, uploads: Sequence[Upload], parts: Sequence[UploadPart]
) -> DeliveriesPart:
    """All deliveries of a case; `parts` are the reader's own files in the making."""
    being_read = sum(part.is_complete for part in parts)
    refused = _refused(uploads)
    return DeliveriesPart(
        path=f"{case_path(case_id)}/uploads",
        summary=_summary(uploads, len(refused)) if uploads else None,
        being_read=_sentence(
            ngettext("{n} file is being read.", "{n} files are being read.", being_read), being_read
        )
        if being_read
        else None,
        unfinished=tuple(_unfinished(part) for part in parts if not part.is_complete),
        refused=refused,
        duplicates=tuple(name for upload in uploads for name in upload.duplicates),
    )


def _summary(uploads: Sequence[Upload], refused: int) -> str:
    accepted = sum(upload.accepted_count for upload in uploads)
    duplicates = sum(len(upload.duplicates) for upload in uploads)
    parts = [_sentence(ngettext("{n} image accepted", "{n} images accepted", accepted), accepted)]
    if duplicates:
        parts.append(_sentence(ngettext("{n} duplicate", "{n} duplicates", duplicates), duplicates))
    if refused:
        parts.append(_sentence(ngettext("{n} file refused", "{n} files refused", refused), refused))
    return ", ".join(parts)


def _refused(uploads: Sequence[Upload]) -> tuple[RefusalRow, ...]:
    """Newest first; a file that was sent again and refused again is one line."""
    rows: dict[tuple[str, str], RefusalRow] = {}
    for upload in reversed(uploads):
        for item in upload.refused:
            row = RefusalRow(item.file, translated(item.detail), date_time(upload.created_at))
            rows.setdefault((item.file, item.detail), row)
    return tuple(rows.values())


def _unfinished(part: UploadPart) -> UnfinishedRow:
    return UnfinishedRow(
        file=part.file_name,
        arrived=gettext("{arrived} of {size}").format(
            # Rounded down: a file that lacks a byte is not whole.
            arrived=localised(f"{part.offset_bytes * 10 // MIB / 10:,.1f}"),
            size=localised(f"{-(-part.size_bytes * 10 // MIB) / 10:,.1f}")
            + f"{THIN}{gettext('MiB')}",
        ),
        waits=gettext("kept until {time}").format(time=date_time(part.expires_at)),
    )


def _sentence(text: str, number: int) -> str:
    return text.format(n=count(number))


def _words() -> dict[str, list[str]]:
    """The script's sentences: one form, or the forms for one and for many."""
    return {
        "waiting": [gettext("waiting")],
        "uploading": [gettext("uploading, {percent}")],
        "resuming": [gettext("goes on at {percent}")],
        "paused": [gettext("no connection; goes on by itself")],
        "reading": [gettext("arrived, being read")],
        "accepted": [gettext("accepted")],
        "duplicate": [gettext("duplicate")],
        "refused": [gettext("refused")],
        "failed": [gettext("not sent")],
        "hadAlready": [gettext("The case has this image already.")],
        "noAnswer": [gettext("The server did not answer. Send it again, or choose it later.")],
        "signedOut": [
            gettext("The sign-in has ended. Sign in again in another window, then go on here.")
        ],
        "notTaken": [gettext("The server refused it.")],
        "gone": [gettext("The server does not know this file any more. Send it again.")],
        "moreRefused": [
            ngettext("and {n} more", "and {n} more", number) for number in _ONE_AND_MANY
        ],
        "toGo": [
            ngettext(
                "Uploading: {n} file of {all} to go", "Uploading: {n} files of {all} to go", number
            )
            for number in _ONE_AND_MANY
        ],
        "files": [ngettext("{n} file", "{n} files", number) for number in _ONE_AND_MANY],
        "nRead": [ngettext("{n} being read", "{n} being read", number) for number in _ONE_AND_MANY],
        "nImages": [
            ngettext("{n} image accepted", "{n} images accepted", number)
            for number in _ONE_AND_MANY
        ],
        "nDuplicates": [
            ngettext("{n} duplicate", "{n} duplicates", number) for number in _ONE_AND_MANY
        ],
        "nRefused": [
            ngettext("{n} file refused", "{n} files refused", number) for number in _ONE_AND_MANY
        ],
        "nFailed": [
            ngettext("{n} file not sent", "{n} files not sent", number) for number in _ONE_AND_MANY
        ],
        "nPaused": [
            ngettext("{n} without connection", "{n} without connection", number)
            for number in _ONE_AND_MANY
        ],
        "pasted": [gettext("pasted")],
    }
