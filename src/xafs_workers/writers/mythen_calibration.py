"""Report of a calibration of the Mythen detector: its geometry, its regions, and the plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from xafs_workers.messages.mythen_calibration import MythenCalibration
from xafs_workers.settings import Goniometer
from xafs_workers.writers.slides import UNKNOWN, Slide, SlidePicture

POLE = "pole"
"""Word in the description of an arrangement that is calibrated with coefficients."""


def list_picture_names(message: MythenCalibration) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the caption of the picture, and its name without the folder."""
    yield "angle against pixel", (f"{message.stub}.png",)


def build_slides(message: MythenCalibration, pictures: Sequence[SlidePicture], settings: Goniometer) -> Iterator[Slide]:
    """Yield the slides of the report; values that the message does not have are dashes."""
    lines = [*_list_facts(message), "", *_list_geometry(message, settings.pixel_width)]
    if POLE in message.setup.lower():
        lines += ["", "CHESS calibration: coefficients to be filled in"]
    yield Slide(f"Mythen calibration: {message.stub}", lines, (), pictures)


def _list_facts(message: MythenCalibration) -> Iterator[str]:
    yield f"time: {message.now or message.stamp}"
    yield f"setup: {message.setup or UNKNOWN}"
    yield f"run: {message.uid or UNKNOWN}"
    yield f"detector file: {message.hdffile or UNKNOWN}"
    yield f"energy: {_format_value(message.energy, 'eV')}"
    yield f"gap: {_format_value(message.gap, 'mm')}"
    yield f"slits: V = {_format_opening(message.slits_t, message.slits_b)}"
    yield f"slits: H = {_format_opening(message.slits_o, message.slits_i)}"


def _list_geometry(message: MythenCalibration, width: float) -> Iterator[str]:
    """Yield the geometry; the width of a pixel is in mm."""
    pixels = message.angle_per_pixel
    yield f"pixel zero: {_format_value(message.pixel0)}"
    if pixels is None or pixels <= 0:
        yield f"distance: {UNKNOWN}"
    else:
        yield f"distance: {width * pixels:.2f} mm ({pixels:.7g} pixels)"
        yield f"angle of a pixel: {math.degrees(math.atan(1.0 / pixels)):.6f}°"
    for name, half in (("direct", message.dw), ("reflected", message.rw)):
        count = half if half.is_integer() else half / width
        yield f"{name} region: {_format_value(message.pixel0)} ± {count:g} pixels, {width * (2 * count + 1):.3f} mm"


def _format_value(value: float | None, unit: str = "") -> str:
    return UNKNOWN if value is None else f"{value:g} {unit}".rstrip()


def _format_opening(one: float | None, other: float | None) -> str:
    """Format the opening between two blades; where only one is known, they are taken as equal."""
    known = [blade for blade in (one, other) if blade is not None]
    if not known:
        return UNKNOWN
    return f"{sum(known) * 2 / len(known):g} mm"
