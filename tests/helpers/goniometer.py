"""Simulated runs of the goniometer: reflectivity with attenuators, and metadata of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.streams import Entry, build_run_documents

FACTORS = (1.0, 6.67114, 44.16972, 273.1222, 1800.653, 11568.12, 92113.0, 468725.0, 1442273.0)
"""Factors of the attenuator at the beamline, as its staff measured them."""

REFLECTIVITY: dict[str, list[float]] = {
    "eta": [0.1, 0.5, 1.0, 2.0],
    "delta": [0.2, 1.0, 2.0, 4.0],
    "dwti_dwell_time": [1.0, 1.0, 2.0, 5.0],
    "monitor": [1000.0, 2000.0, 1500.0, 1600.0],
    "mca_full": [600.0, 450.0, 120.0, 30.0],
    "dir": [100.0, 20.0, 5.0, 1.0],
    "refl": [400.0, 300.0, 80.0, 10.0],
    "max_counts": [200.0, 150.0, 40.0, 4.0],
    "attenuator_attenuation": [3.0, 2.0, 1.0, 0.0],
}
"""Columns of a reflectivity scan with four points, each with another attenuator."""


def change_reflectivity(**columns: list[float] | None) -> dict[str, list[float]]:
    """Return the columns of the scan with some of them replaced, or left out where None is given."""
    changed: dict[str, Any] = {**REFLECTIVITY, **columns}
    return {key: values for key, values in changed.items() if values is not None}


def compute_expected_reflectivity(columns: dict[str, list[float]] = REFLECTIVITY) -> np.ndarray:
    """Return factor * refl / monitor / dwell time, one point after the other."""
    rows = zip(*(columns[key] for key in ("attenuator_attenuation", "refl", "monitor", "dwti_dwell_time")), strict=True)
    return np.array([FACTORS[int(setting)] * counts / monitor / dwell for setting, counts, monitor, dwell in rows])


PIXELS = 1280
IMAGE_KEY = "mythen-2_image"


def make_images(points: int = 4) -> np.ndarray:
    """Return counts of each pixel at each point, shape (points, PIXELS); every number occurs once."""
    return np.arange(points * PIXELS, dtype=np.int32).reshape(points, PIXELS)


def make_goniometer_run(
    columns: dict[str, Any] = REFLECTIVITY,
    *,
    images: np.ndarray | None = None,
    baseline: dict[str, float] | None = None,
    motors: list[str] | None = None,
    **start: Any,
) -> list[Entry]:
    """Return the documents of a run; images have the shape (1, pixels) at each point, as from the detector."""
    shown = dict(columns)
    if images is not None:
        shown[IMAGE_KEY] = [image.tolist() for image in images]
    entries = list(build_run_documents(hint=None, motors=motors or ["eta"], columns=shown, start=start))
    for name, doc in entries:
        if name == "descriptor" and IMAGE_KEY in doc["data_keys"]:
            doc["data_keys"][IMAGE_KEY]["shape"] = [1, images.shape[1] if images is not None else 0]
        elif name == "descriptor" and doc["name"] == "baseline":
            doc["data_keys"] = {key: {"dtype": "number", "shape": [], "source": "test"} for key in baseline or {}}
        elif name == "event" and "wheel1" not in doc["data"] and "dcm_roll" in doc["data"]:
            doc["data"] = {"wheel1": 0.0, **(baseline or {})}
        elif name == "event" and IMAGE_KEY in doc["data"]:
            doc["data"][IMAGE_KEY] = [doc["data"][IMAGE_KEY]]
    return entries
