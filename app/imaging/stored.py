"""The stored form of an image: PNG that this product wrote itself."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import ImageRefused


def decode_stored(content: bytes) -> NDArray[np.uint8]:
    """Decode a stored PNG to (height, width, 3), 0-255, RGB order.

    It passed the gate when it was accepted, so only damage in the store is checked for.

    Raises
    ------
    ImageRefused
        If the bytes are not a PNG any more.
    """
    rgb = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    if rgb is None:
        raise ImageRefused("damaged", "The stored image is damaged. Send the file again.")
    return np.asarray(rgb, np.uint8)
