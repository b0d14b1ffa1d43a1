"""Registry of the writers that make the files of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Protocol

import numpy as np

from xafs_workers.messages.base import ControlMessage, kinds
from xafs_workers.registry import Registry
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.detectors import NoChannelsError
from xafs_workers.scans.mca import NoSpectraError
from xafs_workers.scans.runs import Run
from xafs_workers.scans.spectra import MissingColumnError

Array = np.ndarray[Any, Any]


class CannotWrite(ValueError):
    """The requested file of a run cannot be made; the text states why."""


class AssetLike(Protocol):
    """A file with data of a run, as its documents name it."""

    @property
    def path(self) -> str:
        """Path of the file."""
        ...

    @property
    def form(self) -> str:
        """MIME type, or the `spec` of older documents."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FileContext:
    """Content of a file that does not come from the run itself.

    Attributes
    ----------
    assets
        The run's files.
    zone
        Time zone of the times in the file; None: that of this computer.
    """

    assets: Sequence[AssetLike] = ()
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WriterInput:
    """Input of a writer.

    Attributes
    ----------
    run
        Ended: the times in the files are those of its documents.
    spectra
        Counts by channel, each of shape (bins,); only XRF files need them.
    image
        Counts of each pixel of the Mythen detector, shape (points, pixels); None where they are not known.
    image_problem
        Why there is no image.
    baseline
        Positions of motors that did not move.
    """

    run: Run
    config: BoardConfig
    context: FileContext = field(default_factory=FileContext)
    spectra: Mapping[int, Array] = field(default_factory=dict[int, Array])
    image: Array | None = None
    image_problem: str = ""
    baseline: Mapping[str, float] = field(default_factory=dict[str, float])


FileContents = Mapping[str, "bytes | CannotWrite"]
"""Content of each file, or the reason why it cannot be made, by name relative to the proposal folder."""

WriteFiles = Callable[[Any, WriterInput], FileContents]
"""Function from a message and its input to the files."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writer of the files of a message.

    Attributes
    ----------
    write
        Returns the content of each file.
    label
        What the files are called in the logs.
    needs_spectra
        Whether it needs the XRF spectra of the run's first point.
    needs_image
        Whether it needs the image of the Mythen detector and the baseline.
    is_numbered
        Whether a file whose name exists gets a number; else the message is refused.
    """

    write: WriteFiles
    label: str
    needs_spectra: bool = False
    needs_image: bool = False
    is_numbered: bool = False


def register_writer(
    key: str, label: str, *, needs_spectra: bool = False, needs_image: bool = False, is_numbered: bool = False
) -> Callable[[WriteFiles], WriteFiles]:
    """Return a decorator that registers the function that writes the files of a message; see `Writer`."""
    register = writers.register(key)

    def add_writer(write: WriteFiles) -> WriteFiles:
        register(Writer(write, label, needs_spectra, needs_image, is_numbered))
        return write

    return add_writer


writers: Registry[Writer] = Registry("xafs_workers.writers", "writers", kinds.discover)
"""Writers by message (`<kind>` or `<kind>.<action>`, as in `messages.base.kinds`), each in the module of its kind."""


def build_writer_key(message: ControlMessage) -> str:
    """Return the key under which the writer of a message is registered."""
    return message.get_key()


def build_message_files(message: ControlMessage, material: WriterInput) -> FileContents:
    """Return the content of each file that a message asks for.

    Raises
    ------
    KeyError
        Such a message asks for no file.
    CannotWrite
        The run does not have what the file needs.
    """
    writer = writers[build_writer_key(message)]
    run = material.run
    try:
        if run.stop is None:
            raise CannotWrite("it has no stop document yet (expected a run that ended)")
        return writer.write(message, material)
    except (CannotWrite, MissingColumnError, NoChannelsError, NoSpectraError) as problem:
        raise CannotWrite(f"{message.kind}: run {run.uid[:80]}: {problem}") from problem


def find_file_name(run: Run) -> str:
    """Find the name of a run's own data file in its start document.

    Raises
    ------
    CannotWrite
        There is none, or it has a folder.
    """
    name = run.xdi.get("_filename")
    if not isinstance(name, str) or not name or "/" in name or "\0" in name:
        problem = f"got {name!r:.80}" if name else "missing field"
        raise CannotWrite(f"start document: XDI._filename: {problem} (expected the name of the data file)")
    return name


def read_end_time(run: Run) -> float:
    """Return when a run ended, POSIX seconds.

    Raises
    ------
    CannotWrite
        It did not end.
    """
    if run.stop is None:
        raise CannotWrite("it has no stop document yet (expected a run that ended)")
    return float(run.stop["time"])
