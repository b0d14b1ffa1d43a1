"""Outline of a run: what it is by its documents alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xafs_workers.scans.runs import TimePosition

Form = Literal["", "line", "time", "map", "xafs"]
"""Form of a scan: along an axis, against time, over two axes, over an absorption edge; '' for none of these."""


@dataclass(frozen=True, slots=True)
class SpectrumOutline:
    """What is known of a repetition over an absorption edge.

    Attributes
    ----------
    element, edge
        Those that the start document names; '' for none.
    identity
        What is the same in all repetitions of a sequence.
    first, last
        First and last energy, eV; NaN for one that is not known. Only a successful run has a last one.
    began, ended
        Times of the start and the stop document, POSIX seconds; NaN before it has come.
    """

    element: str
    edge: str
    mode: str
    sample: str
    identity: tuple[object, ...]
    first: float
    last: float
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Outline:
    """What a run is.

    Attributes
    ----------
    form
        Form of the scan; '' if none fits, or as long as it is not decided.
    reason
        Why it has no figure of its own; '' if it has.
    axes
        Columns of the axes that are drawn: one of a line, the vertical and the horizontal one of a map.
    companions
        Columns that are moved along with the axis of a line.
    movers
        Names of what is moved, devices and columns; all columns where the start document names none.
    moves_energy
        True if the run has an energy axis that moves.
    spectrum
        What is known of a repetition over an edge, None for any other run.
    hint, repetition
        As in `Run`.
    is_reading
        True for a measurement of one point, such as a dark current.
    is_open
        True as long as further points may change the outline.
    has_stopped
        True once the run's stop document has come.
    """

    uid: str
    start_position: TimePosition
    plan_name: str = ""
    form: Form = ""
    reason: str = ""
    axes: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    movers: frozenset[str] = frozenset()
    moves_energy: bool = False
    spectrum: SpectrumOutline | None = None
    hint: str = ""
    repetition: int | None = None
    is_reading: bool = False
    is_open: bool = False
    has_stopped: bool = False

    @property
    def binding_key(self) -> tuple[object, ...]:
        """Everything on which the binding of the run depends."""
        return (
            self.start_position,
            self.form,
            self.movers,
            self.moves_energy,
            self.hint,
            self.repetition,
            self.is_reading,
        )
