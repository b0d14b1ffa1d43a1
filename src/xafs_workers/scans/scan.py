"""A scan: a measurement in progress or just ended, as the messages tell it, and what each kind has of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xafs_workers.registry import Registry
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Control
from xafs_workers.scans.runs import Key


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of record time in which the run of a scan, or of one repetition, starts.

    Attributes
    ----------
    opened
        The message that opened it (`start`, or `next` of an XAFS sequence).
    repetition
        1-based; 0 where the kind has no repetitions.
    ends
        None while it is open.
    run
        uid of the run bound to it, None as long as there is none.
    """

    opened: Control
    repetition: int
    begins: Key
    ends: Key | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan.

    Attributes
    ----------
    id
        That of its start message; also the id of its figure.
    end
        The message that ended it, None while there is none.
    given_up
        Why it ended without its own end message: '' or `superseded` or `resting_state`.
    shown
        False once a message closed its figure, and as long as there is none.
    added
        The messages that added runs by their uids (or, of a dossier, told something else), in order.
    results
        The messages that brought a result, in order.
    figure
        The message that opened the figure it has now, None as long as there is nothing to be seen.
    """

    id: str
    kind: str
    start: Control
    begins: Key
    windows: tuple[Window, ...] = ()
    end: Control | None = None
    given_up: str = ""
    shown: bool = True
    added: tuple[Control, ...] = ()
    results: tuple[Control, ...] = ()
    figure: Control | None = None

    @property
    def figure_id(self) -> str:
        """Id of the figure on show; each result of an alignment, and its summary, opens another one."""
        return self.id if self.figure is None else self.figure.id

    @property
    def ended(self) -> bool:
        """Whether messages say that it is over (documents may still come)."""
        return self.end is not None or bool(self.given_up)

    @property
    def seen(self) -> bool:
        """Whether there is, or will be, something to be seen of it."""
        return scan_kinds[self.kind].seen

    @property
    def runs(self) -> tuple[str, ...]:
        """The uids of the runs that feed it: bound, in the order of the windows, then added."""
        return tuple(window.run for window in self.windows if window.run is not None) + self.added_runs

    @property
    def added_runs(self) -> tuple[str, ...]:
        """The uids of the added runs, each once; the runs need not be known. A whole list replaces what came before."""
        named: list[str] = []
        for control in self.added:
            whole: tuple[str, ...] | None = getattr(control.message, "uidlist", None)
            named = named if whole is None else list(whole)
            one: str | None = getattr(control.message, "uid", None)
            named += [one] if one else []
        return tuple(dict.fromkeys(named))

    @property
    def parts(self) -> tuple[Control, ...]:
        """The messages that started it, went on with it, added to it or ended it."""
        end = () if self.end is None else (self.end,)
        return (self.start, *(window.opened for window in self.windows), *self.added, *self.results, *end)


@dataclass(frozen=True, slots=True)
class Motors:
    """Motors that a run of a scan moves: all the required ones, and none but these and the optional."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    def fit(self, moved: tuple[str, ...] | None) -> bool:
        """Tell whether a run that moves these motors may belong to the scan; None (not told) may."""
        if moved is None:
            return True
        return self.required <= set(moved) <= self.required | self.optional


@dataclass(frozen=True, slots=True)
class ScanKind:
    """What one kind of scan has of its own.

    Attributes
    ----------
    words
        First words of the hints of its runs.
    motors
        What a run of the scan moves; None for a kind to which no run is bound: it lives from messages.
    has_repetitions
        Windows open at `next` messages, not at `start`.
    piles_up
        Figures of earlier scans of the kind stay when a new one starts.
    results
        Actions that bring a result. The figure of such a kind opens with its first result.
    whole
        Actions that are a whole scan in one message: it starts and ends it.
    names_run
        The message of a whole scan names the run that is to be seen.
    adds
        Actions that add to it, runs by their uids above all.
    ends
        Actions that end it.
    seen
        There is something to be seen of it: it has a figure.
    """

    words: tuple[str, ...] = ()
    motors: Callable[[Control, Rules], Motors] | None = None
    has_repetitions: bool = False
    piles_up: bool = False
    results: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    names_run: bool = False
    adds: frozenset[str] = frozenset({"add"})
    ends: frozenset[str] = frozenset({"stop"})
    seen: bool = True


scan_kinds: Registry[ScanKind] = Registry("xafs_workers.scans")
"""The kinds of scans, each registered in the module that bears its name."""
