"""Edited cells for the tests, and what is measured on them."""

import cv2
import numpy as np

from app.training.lesions import Edit, draw

BREADTHS = (0.0, 1.0)


def drawn(rgb, abnormality, seed=1, *, decoy=False, breadth=0.0):
    return draw(rgb, Edit(abnormality, decoy, breadth), np.random.default_rng(seed))


def grain(rgb):
    """What is finer than a few pixels."""
    return rgb - cv2.GaussianBlur(rgb.astype(float), (0, 0), 4)


def pieces(mask, radius):
    """The connected parts that an opening leaves."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, parts = cv2.connectedComponents(opened)
    return [parts == number for number in range(1, count)]


def solidity(mask):
    """Area as a share of the convex hull's."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(outlines))
    return sum(map(cv2.contourArea, outlines)) / cv2.contourArea(hull)
