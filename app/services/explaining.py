"""Explaining: where in a cell the classifier's log-odds come from, worked out when asked for."""

from collections import OrderedDict
from threading import Lock
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domain.cell import Cell
from app.imaging.stored import decode_stored
from app.ports import BlobStore, Classifier
from app.services.analysis import prepare
from app.services.intake import blob_name

# A few hundred bytes each: the four labels of the cells that were looked at last.
_KEPT = 1000


class Explainer:
    """Activation maps of single cells; the last ones are kept in memory.

    One forward pass gives the maps of all labels, and a reader leafs through the labels.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._maps: OrderedDict[tuple[str, UUID], NDArray[np.float32]] = OrderedDict()

    def maps(self, cell: Cell, classifier: Classifier, blobs: BlobStore) -> NDArray[np.float32]:
        """Give the maps (4, h, w) of a stored cell, as `Classifier.explain` does.

        Raises
        ------
        NotFound, ImageRefused, StorageUnavailable
            Where the stored image cannot be read.
        """
        key = (classifier.bundle.manifest.digest, cell.id)
        with self._lock:
            found = self._maps.get(key)
        if found is None:
            rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
            size_px = classifier.bundle.manifest.size_px
            found = classifier.explain(prepare(rgb, cell.location, size_px))
        self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, UUID], maps: NDArray[np.float32]) -> None:
        with self._lock:
            self._maps[key] = maps
            self._maps.move_to_end(key)
            while len(self._maps) > _KEPT:
                self._maps.popitem(last=False)
