"""Report of a sample's alignment: a table of all passes, and the two scans of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xafs_workers.messages.sample_alignment import SampleAlignment
from xafs_workers.writers.slides import Slide, SlidePicture, format_result

METADATA_KEY = "sample_alignment"
"""Key of the results in the family `Beamline` of a run's metadata."""

HEADINGS = ("iteration", "samplez", "eta_peak", "eta_com", "eta_cen")
FIELDS = ("samplez", "eta_peakpos", "eta_com", "eta_fwhm_center")


def list_picture_names(message: SampleAlignment) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the caption of each picture, and the names it may have without the folder."""
    for number in range(1, len(message.results) + 1):
        yield f"pass {number}: vertical scan", (f"{message.stub}_vertical_pass{number}.png",)
        yield f"pass {number}: eta scan", (f"{message.stub}_eta_pass{number}.png",)


def build_slides(message: SampleAlignment, pictures: Sequence[SlidePicture]) -> Iterator[Slide]:
    """Yield the slides of the report; values that a pass does not have are dashes."""
    rows = [
        (str(number), *(format_result(result.get(field)) for field in FIELDS))
        for number, result in enumerate(message.results, start=1)
    ]
    count = f"{len(rows)} passes" if len(rows) != 1 else "1 pass"
    yield Slide(f"Sample alignment: {message.stub}", (count,), (HEADINGS, *rows))
    for number, result in enumerate(message.results, start=1):
        uids = (f"vertical scan: {result.get('v_uid') or ''}", f"eta scan: {result.get('e_uid') or ''}")
        shown = pictures[2 * number - 2 : 2 * number]
        table = (("", *HEADINGS[1:]), ("found", *rows[number - 1][1:]))
        yield Slide(f"{message.stub}: pass {number}", uids, table, shown)
