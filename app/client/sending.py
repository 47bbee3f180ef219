"""Files in batches: which there are, how they are grouped, and what became of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from app.client.models import RefusedFile
from app.client.zips import Members, grouped, members_of, part_of

IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})
ENDINGS = IMAGE_ENDINGS | {".zip"}
MIB = 1024 * 1024
MOST_FILES, MOST_BYTES = 64, 16 * MIB
"""Of one request: small enough that a broken connection costs little, large enough to be quick."""


@dataclass(frozen=True)
class SendProgress:
    """How far sending is, after each batch; of a large ZIP each part counts as a file."""

    sent_files: int
    all_files: int
    sent_bytes: int
    all_bytes: int


Tell = Callable[[SendProgress], None]


@dataclass
class Delivered:
    """What became of all files.

    Parameters
    ----------
    accepted_count
        New cells; a ZIP brings many.
    duplicates
        Files whose image the case had already: sending them again changes nothing.
    refused
        Files that were kept out, each with its reason.
    """

    accepted_count: int = 0
    duplicates: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)


@dataclass(frozen=True)
class LocalFile:
    """A file to be sent.

    Parameters
    ----------
    members
        Of a ZIP that is sent in parts: those of this part. None: the file as it is.
    """

    path: Path
    size_bytes: int
    members: Members | None = None

    def open(self) -> tuple[IO[bytes], list[RefusedFile]]:
        """What is sent of it, and what cannot be read in it; raises `OSError`."""
        if self.members is None:
            return self.path.open("rb"), []
        part, unreadable = part_of(self.path, self.members)
        return part, [unread(f"{self.path}/{name}", cause) for name, cause in unreadable]


def unread(name: str, cause: str) -> RefusedFile:
    """What is told of a file that cannot be read here, and so was not sent."""
    return RefusedFile(file=name, reason="cannot_be_read", detail=f"{cause}. Check the file.")


def find_files(paths: Iterable[Path]) -> list[LocalFile]:
    """Files as they are named; of folders, all images and ZIPs at any depth, in order.

    A ZIP that is larger than a batch comes in parts.

    Raises
    ------
    FileNotFoundError
        If a path is not there.
    """
    found = [LocalFile(path, path.stat().st_size) for path in _paths(paths)]
    return [part for file in found for part in _parts(file)]


def _parts(file: LocalFile) -> list[LocalFile]:
    if file.size_bytes <= MOST_BYTES or file.path.suffix.lower() != ".zip":
        return [file]
    return _of_groups(file, list(grouped(members_of(file.path), MOST_BYTES)))


def _of_groups(file: LocalFile, groups: Sequence[Members]) -> list[LocalFile]:
    if len(groups) <= 1:
        return [file]
    sized = ((group, sum(info.file_size for info in group)) for group in groups)
    return [replace(file, size_bytes=size, members=group) for group, size in sized]


def halved(batch: Sequence[LocalFile]) -> list[list[LocalFile]]:
    """A batch that is too large for a server, as two; empty where nothing can be divided."""
    if len(batch) > 1:
        middle = len(batch) // 2
        return [list(batch[:middle]), list(batch[middle:])]
    [file] = batch
    members = file.members or members_of(file.path)
    middle = len(members) // 2
    parts = _of_groups(file, [members[:middle], members[middle:]]) if middle else []
    return [[part] for part in parts]


def _paths(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(_in_folder(path))
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(f"There is no file or folder {path}.")


def _in_folder(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        # Names that begin with a dot are an operating system's own, `._a.jpg` for example.
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith("."):
            yield path


def batches(files: Iterable[LocalFile]) -> Iterator[list[LocalFile]]:
    """Groups of files, each within the limits of one request; a larger file goes alone.

    A name stands once in a batch, so that what is refused is found by its name.
    """
    batch: dict[str, LocalFile] = {}
    size_bytes = 0
    for file in files:
        is_full = len(batch) == MOST_FILES or size_bytes + file.size_bytes > MOST_BYTES
        if batch and (is_full or file.path.name in batch):
            yield list(batch.values())
            batch, size_bytes = {}, 0
        batch[file.path.name] = file
        size_bytes += file.size_bytes
    if batch:
        yield list(batch.values())


def as_given(name: str, batch: Sequence[LocalFile]) -> str:
    """The path of a file that the server names by its last part, `cells.zip/a.jpg` in a ZIP."""
    first, slash, rest = name.partition("/")
    found = next((str(file.path) for file in batch if file.path.name == first), first)
    return f"{found}{slash}{rest}"
