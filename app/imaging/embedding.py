"""Embeddings made small enough to keep for every cell: a fixed random projection.

The projection keeps angles nearly (Johnson and Lindenstrauss 1984, doi 10.1090/conm/026/737400).
Signs do as well as normal numbers (Achlioptas 2003, doi 10.1016/S0022-0000(03)00025-4), and come
out the same for ever from a hash; a library's random numbers may change with its version, and
vectors that were projected otherwise would be compared without a word.
"""

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

PROJECTED = 64
"""Numbers that are kept of an embedding: 128 bytes a cell."""
# A change makes every stored vector worthless: a migration must then empty their table.
_SEED = b"vexascope embedding projection 1"
_BITS_A_BYTE = 8


def project(embedding: NDArray[np.float32]) -> NDArray[np.float16]:
    """Project an embedding (D,), of any D, to a unit vector (64,).

    Cosines between two such vectors estimate the cosine of the embeddings. An embedding of
    nothing but zeros has no direction, and stays zeros.
    """
    small = np.asarray(embedding, np.float64) @ _signs(len(embedding))
    length = float(np.linalg.norm(small))
    return np.asarray(small / length if length else small, np.float16)


def cosines(one: NDArray[np.float16], many: NDArray[np.float16]) -> NDArray[np.float32]:
    """Cosine of one projected vector (64,) with each of many (n, 64): (n,), -1 to 1.

    A vector of zeros is like none: 0.
    """
    left, right = one.astype(np.float32), many.astype(np.float32)
    lengths = np.linalg.norm(right, axis=1) * np.linalg.norm(left)
    products = right @ left
    safe = np.where(lengths > 0, lengths, 1)
    return np.asarray(np.clip(products / safe, -1, 1), np.float32)


@cache
def _signs(width: int) -> NDArray[np.float64]:
    """Random signs (width, 64)."""
    count = width * PROJECTED
    content = hashlib.shake_256(_SEED).digest(count // _BITS_A_BYTE)
    bits = np.unpackbits(np.frombuffer(content, np.uint8), count=count)
    return np.asarray(bits.reshape(width, PROJECTED) * 2.0 - 1.0, np.float64)
