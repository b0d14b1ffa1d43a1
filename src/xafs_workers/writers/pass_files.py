"""The data files of a run of several passes: one for each, numbered as repetitions are, built when it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.writers.registry import CannotWrite

_NUMBERED = re.compile(r"(.+)\.([0-9]{3,})")


class PassFiles(Mapping[str, "bytes | CannotWrite"]):
    """Contents of files by name; each is built when it is asked for, since a run may have thousands of passes.

    Parameters
    ----------
    name
        Name of the first file: `stub.004` is followed by `stub.005`; a name without a number is the stub.
    builders
        Functions that build the files, in order.
    """

    def __init__(self, name: str, builders: list[Callable[[], bytes]]):
        self._builders = dict(zip(number_names(name, len(builders)), builders, strict=True))

    def __getitem__(self, name: str) -> bytes | CannotWrite:
        try:
            return self._builders[name]()
        except (CannotWrite, MissingColumnError, NoChannelsError) as problem:
            return CannotWrite(str(problem))

    def __iter__(self) -> Iterator[str]:
        return iter(self._builders)

    def __len__(self) -> int:
        return len(self._builders)


def number_names(name: str, count: int) -> list[str]:
    """Return the names of the files of passes, in order."""
    found = _NUMBERED.fullmatch(name)
    stub, first, width = (found[1], int(found[2]), len(found[2])) if found else (name, 1, 3)
    return [f"{stub}.{number:0{width}d}" for number in range(first, first + count)]
