"""A neutrophil drawn for the tests, and a small data set of such cells."""

import csv

import cv2
import numpy as np

CHROMATIN = (70, 36, 130)


def drawn_neutrophil(side=150, seed=0):
    """A cell of three joined lobes with granules on a pale smear: (side, side, 3) RGB."""
    rng = np.random.default_rng(seed)
    rgb = np.full((side, side, 3), (253, 229, 203), np.uint8)
    middle = side // 2
    cv2.circle(rgb, (middle, middle), int(side * 0.47), (212, 172, 184), -1, cv2.LINE_AA)
    for _ in range(260):
        x, y = (int(v) for v in rng.normal(middle, side * 0.22, 2))
        if np.hypot(x - middle, y - middle) < side * 0.42:
            cv2.circle(rgb, (x, y), 1, (165, 105, 165), -1, cv2.LINE_AA)
    points = lobes(side)
    cv2.polylines(rgb, [np.array(points)], isClosed=False, color=CHROMATIN, thickness=7)
    for point in points:
        cv2.circle(rgb, point, int(side * 0.12), CHROMATIN, -1, cv2.LINE_AA)
    noise = rng.normal(0, 3, rgb.shape)
    return np.clip(cv2.GaussianBlur(rgb, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


def lobes(side):
    """The middles of the three lobes: x, y."""
    return [(int(x * side), int(y * side)) for x, y in [(0.36, 0.36), (0.62, 0.4), (0.52, 0.64)]]


def write_data_set(folder, cells=8):
    """Drawn cells in the layout of the public data set, half of them called lymphocytes."""
    (folder / "images").mkdir(parents=True)
    with (folder / "cells.csv").open("w", newline="") as file:
        columns = ["file", "frame", "cell_type", "split", "nucleus_shape", "cytoplasm_vacuole"]
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for split in ("train", "val"):
            for number in range(cells):
                pmn = number % 2 == 0
                name = f"{split}{number}.png"
                rgb = drawn_neutrophil(seed=number)
                cv2.imwrite(str(folder / "images" / name), rgb[:, :, ::-1])
                row = {
                    "file": name,
                    "frame": name,
                    "cell_type": "segmented neutrophil" if pmn else "lymphocyte",
                    "split": split,
                    "nucleus_shape": "segmented-multilobed" if pmn else "unsegmented-round",
                    "cytoplasm_vacuole": "yes" if number == 0 else "no",
                }
                writer.writerow(row)
    return folder
