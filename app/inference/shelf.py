"""The bundles that are installed on this machine, and the classifiers that are loaded."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from app.domain.errors import BundleRefused
from app.inference.bundle import MANIFEST, BundleFiles, check_network, load_bundle
from app.inference.onnx_classifier import OnnxClassifier
from app.ports import Classifier, InstalledBundle
from app.settings import Precision, Settings

CARD = "CARD.md"
# The active one, one in shadow, and one more for a comparison; each takes its network's size.
MOST_LOADED = 3

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Checked:
    """What was found in a folder while its files were as they are now."""

    stamp: _Stamp
    files: BundleFiles | None
    refusal: str | None


@dataclass(frozen=True)
class BundleShelf:
    """Folders of bundles; each is checked once, and again when one of its files changes."""

    folders: Sequence[Path]
    precision: Precision
    _checked: dict[Path, _Checked] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def installed(self) -> list[InstalledBundle]:
        """Every folder that holds a manifest, by name; of two with one digest the first."""
        found, digests = [], set()
        for folder, checked in self._all():
            bundle = checked.files.bundle if checked.files else None
            if bundle and bundle.manifest.digest in digests:
                continue
            if bundle:
                digests.add(bundle.manifest.digest)
            found.append(InstalledBundle(folder, bundle, checked.refusal, _card(folder)))
        return found

    def files(self, digest: str) -> BundleFiles:
        """The bundle with this digest.

        Raises
        ------
        BundleRefused
            If it is not installed here, or does not fit any more.
        """
        for _, checked in self._all():
            if checked.files and checked.files.bundle.manifest.digest == digest:
                return checked.files
        raise BundleRefused(
            f"The bundle with the digest {digest[:12]} is not installed on this machine, or is "
            f"damaged. Put its folder into {self.folders[-1]}, or activate another bundle with "
            "`vexascope bundle activate`."
        )

    def _all(self) -> Iterator[tuple[Path, _Checked]]:
        with self._lock:
            for folder in self._folders():
                yield folder, self._check(folder)

    def _folders(self) -> Iterator[Path]:
        seen: set[Path] = set()
        for place in self.folders:
            own = [place] if (place / MANIFEST).is_file() else _inside(place)
            for folder in own:
                if folder.resolve() not in seen:
                    seen.add(folder.resolve())
                    yield folder

    def _check(self, folder: Path) -> _Checked:
        stamp = _stamp(folder)
        known = self._checked.get(folder)
        if known and known.stamp == stamp:
            return known
        try:
            checked = _Checked(stamp, load_bundle(folder, self.precision), None)
        except BundleRefused as error:
            checked = _Checked(stamp, None, str(error))
        self._checked[folder] = checked
        return checked


class LoadedClassifiers:
    """Classifiers by digest: loaded on first use; the one not used for longest is let go."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[str, Classifier] = OrderedDict()
        self._lock = Lock()

    def get(self, files: BundleFiles) -> Classifier:
        """The classifier of a bundle; raises `BundleRefused` where it cannot run any more."""
        digest = files.bundle.manifest.digest
        with self._lock:
            if digest not in self._loaded:
                check_network(files)
                settings = self._settings
                self._loaded[digest] = OnnxClassifier(files, settings.provider, settings.threads)
            self._loaded.move_to_end(digest)
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
            return self._loaded[digest]


def shelf_of(settings: Settings) -> BundleShelf:
    """The folders that the settings name; the bundle that they name comes first."""
    return BundleShelf((settings.bundle_dir, *settings.bundle_folders), settings.precision)


def _inside(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(folder for folder in place.iterdir() if (folder / MANIFEST).is_file())


def _stamp(folder: Path) -> _Stamp:
    """Names, sizes and times of the files: they change when somebody changes the bundle."""
    states = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _card(folder: Path) -> str:
    path = folder / CARD
    if not path.is_file():
        return ""
    return path.read_text(encoding="utf-8", errors="replace")
