"""Process that reads numbers from HDF5 files of others: it is killed where a file hangs or crashes it.

Each line of its input is a request as JSON; it answers with a line of JSON, followed by the numbers as 8-byte floats.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

MAX_BYTES = 50_000_000
"""Largest size of the numbers of one request, bytes."""

MAX_LINKS = 16
"""Largest number of soft links on the way to a dataset."""


class UnreadableError(ValueError):
    """The file is not read; the text gives the reason."""


class ShortError(ValueError):
    """The frames are not in the file yet."""


def read_frames(path: str, roots: Sequence[str], dataset: str, start: int, stop: int) -> Any:
    """Read numbers of a dataset, shape (stop - start,), as floats.

    Raises
    ------
    UnreadableError
        The file is below none of the roots, or the dataset leads out of it, is no list of numbers, or is too large.
    ShortError
        The file or the frames are not there yet.
    """
    import h5py

    real = os.path.realpath(path)
    if not any(os.path.commonpath([real, os.path.realpath(root)]) == os.path.realpath(root) for root in roots):
        raise UnreadableError(f"{path} is in none of the folders of assets.roots")
    if (stop - start) * 8 > MAX_BYTES:
        raise UnreadableError(f"{stop - start} frames in one request (expected {MAX_BYTES // 8} or fewer)")
    if not os.path.isfile(real):
        raise ShortError(f"waiting for {path}: no such file")
    try:
        with h5py.File(real, "r", swmr=True, libver="latest") as file:
            found = _find_dataset(file, dataset, h5py)
            _check_dataset(found, dataset)
            length = found.shape[0] if found.ndim else 1
            if length < stop:
                raise ShortError(f"waiting for {path}: {dataset} has {length} of {stop} frames")
            return found[start:stop].astype("<f8").reshape(-1) if found.ndim else found[()].astype("<f8").reshape(1)
    except OSError as error:
        raise ShortError(f"waiting for {path}: {str(error)[:200]}") from error


def _find_dataset(file: Any, dataset: str, h5py: Any) -> Any:
    """Find a dataset by a way without external links; soft links are followed inside of the file."""
    parts, here, links = [part for part in dataset.split("/") if part], file, 0
    while parts:
        name = parts.pop(0)
        if not isinstance(here, h5py.Group) or name not in here.keys():
            raise ShortError(f"waiting for {dataset} in {file.filename}")
        link = here.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise UnreadableError(f"{dataset} is a link to another file")
        if isinstance(link, h5py.SoftLink):
            links += 1
            if links > MAX_LINKS or ".." in link.path.split("/"):
                raise UnreadableError(f"{dataset} is a chain of links")
            parts = [*(part for part in link.path.split("/") if part), *parts]
            here = file if link.path.startswith("/") else here
            continue
        here = here[name]
    if not isinstance(here, h5py.Dataset):
        raise UnreadableError(f"{dataset} is no dataset")
    return here


def _check_dataset(found: Any, dataset: str) -> None:
    if found.is_virtual or found.external:
        raise UnreadableError(f"{dataset} is stored in other files")
    if found.ndim > 1 and any(length != 1 for length in found.shape[1:]):
        raise UnreadableError(f"{dataset} has the shape {found.shape} (expected one number for each frame)")
    if found.dtype.kind not in "iufb":
        raise UnreadableError(f"{dataset} is of type {found.dtype} (expected numbers)")


def answer(line: str) -> tuple[Mapping[str, Any], bytes]:
    """Answer a request: the header, and the numbers."""
    try:
        values = read_frames(**json.loads(line)).tobytes()
    except ShortError as problem:
        return {"problem": str(problem), "final": False, "bytes": 0}, b""
    except Exception as problem:  # noqa: BLE001 - whatever a file does, the process answers
        return {"problem": str(problem) or type(problem).__name__, "final": True, "bytes": 0}, b""
    return {"problem": "", "final": True, "bytes": len(values)}, values


def main() -> None:
    """Answer requests until the input ends."""
    output = sys.stdout.buffer
    for line in sys.stdin:
        header, values = answer(line)
        output.write(json.dumps(header).encode() + b"\n" + values)
        output.flush()


if __name__ == "__main__":
    main()
