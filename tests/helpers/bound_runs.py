"""Line scans on a board, and the runs that are bound to scans."""

from __future__ import annotations

from helpers.streams import Entry, build_run_documents, fold, stamp_entries

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
COLUMNS = {"xafs_x": [1.0, 2.0], "I0": [10.0, 10.0], "It": [5.0, 4.0]}


def make_line_run(
    hint: str | None = "linescan It xafs_x", motors: list[str] | None = None, **more: object
) -> list[Entry]:
    return list(build_run_documents(hint=hint, motors=motors or ["xafs_x"], columns=COLUMNS, **more))  # type: ignore[arg-type]


def list_bound_runs(entries: list[Entry]) -> list[tuple[str, ...]]:
    board = fold(stamp_entries(entries))
    return [scan.run_uids for scan in board.scans]
