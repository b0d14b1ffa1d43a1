"""Text files with a header like that of SPEC: one scan, columns separated by tabs, then the counts of each pixel."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from xafs_workers.scans.runs import Run
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import Column
from xafs_workers.writers.registry import CannotWrite, WriterInput

Array = np.ndarray[Any, Any]


def format_spec(
    name: str, material: WriterInput, columns: Sequence[Column], *, comments: Iterable[str] = (), with_image: bool
) -> bytes:
    """Return a text file with a row for each point.

    The number of columns (`#N`) and their labels (`#L`) include the pixels, which follow the columns.

    Parameters
    ----------
    name
        Name of the file.

    Raises
    ------
    CannotWrite
        Nothing was measured, or there is no image and one is wanted.
    """
    run, image = material.run, material.image if with_image else None
    if not len(run.points):
        raise CannotWrite("nothing was measured in it")
    if with_image and image is None:
        raise CannotWrite(material.image_problem or "there is no image of it")
    labels = [column.label for column in columns]
    labels += [f"bin{number}" for number in range(image.shape[1])] if image is not None else []
    lines = [*_format_header(name, material), *(f"#C {text_format.to_one_line(line)}" for line in comments)]
    lines += [f"#N {len(labels)}", "#L " + "  ".join(labels)]
    rows = zip(*(column.values.tolist() for column in columns), strict=True)
    for number, row in enumerate(rows):
        pixels = () if image is None else image[number].tolist()
        lines.append("\t".join(text_format.format_number(value) for value in (*row, *pixels)))
    return ("\n".join(lines) + "\n").encode()


def _format_header(name: str, material: WriterInput) -> Iterator[str]:
    run, zone = material.run, material.context.zone
    begun = float(run.start["time"])
    yield f"#F {name}"
    yield f"#E {begun:.0f}"
    yield f"#D {time.asctime(datetime.fromtimestamp(begun, zone).timetuple())}"
    yield f"#C {headers.format_first_line(run).removeprefix('XDI/1.0').strip()}"
    for key, value in headers.build_fields(run, material.context).items():
        yield f"#C {key}: {value}"
    yield f"#S {_find_scan_number(run)} {text_format.format_value(run.start.get('plan_name')) or run.hint or 'scan'}"


def _find_scan_number(run: Run) -> int:
    number = run.start.get("scan_id")
    return number if isinstance(number, int) else 1


def build_fixed_columns(
    material: WriterInput, wanted: Iterable[tuple[str, str]]
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Build columns of fixed places: those that a run does not have are NaN, and a comment names them.

    A column that is no data key of the points has the value of the baseline in each row.

    Parameters
    ----------
    wanted
        Label and data key of each column.
    """
    run = material.run
    columns: list[Column] = []
    missing: list[str] = []
    for label, key in wanted:
        if key in run.points:
            columns.append(Column(label, run.points.get_column(key), source=key))
            continue
        value = material.baseline.get(key, np.nan)
        columns.append(Column(label, np.full(len(run.points), value), source=key))
        if np.isnan(value):
            missing.append(f"column {label} is nan: no {key} in this run")
    return tuple(columns), tuple(missing)
