"""Report of a refinement of eta: a table of all steps, their mean difference, and their scans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from xafs_workers.messages.eta_refinement import EtaRefinement
from xafs_workers.writers.slides import UNKNOWN, Slide, SlidePicture, format_result

METADATA_KEY = "eta_refinement"
"""Key of the results in the family `Beamline` of a run's metadata."""

HEADINGS = ("nominal", "delta", "attenuator", "found", "difference")
FIELDS = ("eta_nominal", "delta", "attenuator", "eta_found", "diff")
PICTURES_ON_A_SLIDE = 4


def list_picture_names(message: EtaRefinement) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the caption of each picture, and the names it may have without the folder."""
    for number, result in enumerate(message.results, start=1):
        nominal = result.get("eta_nominal")
        yield (
            f"eta = {format_angle(nominal) or f'step {number}'}",
            tuple(f"{message.stub}_eta_{text}.png" for text in list_spellings(nominal)),
        )


def list_spellings(angle: float | str | None) -> tuple[str, ...]:
    """List the texts by which a plan may write an angle into a name: 1.0, then 1."""
    if angle is None:
        return ("unknown",)
    return (angle,) if isinstance(angle, str) else tuple(dict.fromkeys((str(angle), f"{angle:g}")))


def format_angle(angle: float | str | None) -> str:
    """Format an angle for a caption, '' for an unknown one."""
    return "" if angle is None else angle if isinstance(angle, str) else f"{angle:g}"


def compute_mean_difference(results: Iterable[Mapping[str, float | str | None]]) -> float | None:
    """Compute the mean of the differences that are known, degrees; None without any."""
    known = [value for result in results if isinstance(value := result.get("diff"), float)]
    return sum(known) / len(known) if known else None


def build_slides(message: EtaRefinement, pictures: Sequence[SlidePicture]) -> Iterator[Slide]:
    """Yield the slides of the report; values that a step does not have are dashes."""
    rows = [
        tuple(format_result(result.get(field), 0 if field == "attenuator" else 4) for field in FIELDS)
        for result in message.results
    ]
    mean = compute_mean_difference(message.results)
    average = f"mean difference: {format_result(mean)}{'' if mean is None else '°'}"
    yield Slide(f"Refinement of eta: {message.stub}", (average,), (HEADINGS, *(rows or [(UNKNOWN,) * len(FIELDS)])))
    for first in range(0, len(pictures), PICTURES_ON_A_SLIDE):
        shown = pictures[first : first + PICTURES_ON_A_SLIDE]
        yield Slide(f"{message.stub}: eta scans", (), (), shown)
