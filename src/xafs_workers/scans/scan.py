"""A scan: a measurement in progress or just ended, as the messages tell it, and what each kind has of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.registry import Registry
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.runs import TimePosition


@dataclass(frozen=True, slots=True)
class RunWindow:
    """The stretch of record time in which the run of a scan, or of one repetition, starts.

    Attributes
    ----------
    opening_message
        The message that opened it (`start`, or `next` of an XAFS sequence).
    repetition
        1-based; 0 where the kind has no repetitions.
    end_position
        None while it is open.
    run_uid
        uid of the run bound to it, None as long as there is none.
    """

    opening_message: ReceivedMessage
    repetition: int
    start_position: TimePosition
    end_position: TimePosition | None = None
    run_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan.

    Attributes
    ----------
    id
        That of its start message; also the id of its figure.
    end
        The message that ended it, None while there is none.
    implicit_end
        Why it ended without its own end message: '' or `superseded` or `enter_resting_state`.
    is_shown
        False once a message closed its figure, and as long as there is none.
    added_messages
        The messages that added runs by their uids (or, of a dossier, told something else), in order.
    result_messages
        The messages that brought a result, in order.
    figure_message
        The message that opened the figure it has now, None as long as there is nothing to be seen.
    """

    id: str
    kind: str
    start: ReceivedMessage
    start_position: TimePosition
    windows: tuple[RunWindow, ...] = ()
    end: ReceivedMessage | None = None
    implicit_end: str = ""
    is_shown: bool = True
    added_messages: tuple[ReceivedMessage, ...] = ()
    result_messages: tuple[ReceivedMessage, ...] = ()
    figure_message: ReceivedMessage | None = None

    @property
    def figure_id(self) -> str:
        """Id of the figure on show; each result of an alignment, and its summary, opens another one."""
        return self.id if self.figure_message is None else self.figure_message.id

    @property
    def has_ended(self) -> bool:
        """Whether messages say that it is over (documents may still come)."""
        return self.end is not None or bool(self.implicit_end)

    @property
    def has_figure(self) -> bool:
        """Whether there is, or will be, something to be seen of it."""
        return scan_kinds[self.kind].has_figure

    @property
    def run_uids(self) -> tuple[str, ...]:
        """The uids of the runs that feed it: bound, in the order of the windows, then added."""
        return tuple(window.run_uid for window in self.windows if window.run_uid is not None) + self.added_run_uids

    @property
    def added_run_uids(self) -> tuple[str, ...]:
        """The uids of the added runs, each once; the runs need not be known. A whole list replaces what came before."""
        named: list[str] = []
        for control in self.added_messages:
            whole = control.message.named_runs
            named = named if whole is None else list(whole)
            one = control.message.named_run
            named += [one] if one else []
        return tuple(dict.fromkeys(named))

    @property
    def all_messages(self) -> tuple[ReceivedMessage, ...]:
        """The messages that started it, went on with it, added to it or ended it."""
        end = () if self.end is None else (self.end,)
        return (
            self.start,
            *(window.opening_message for window in self.windows),
            *self.added_messages,
            *self.result_messages,
            *end,
        )


@dataclass(frozen=True, slots=True)
class Motors:
    """Motors that a run of a scan moves: all the required ones, and none but these and the optional."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    def match(self, moved: tuple[str, ...] | None) -> bool:
        """Tell whether a run that moves these motors may belong to the scan; None (not told) may."""
        if moved is None:
            return True
        return self.required <= set(moved) <= self.required | self.optional


@dataclass(frozen=True, slots=True)
class ScanKind:
    """What one kind of scan has of its own.

    Attributes
    ----------
    hint_prefixes
        First words of the hints of its runs.
    motors
        What a run of the scan moves; None for a kind to which no run is bound: it lives from messages.
    has_repetitions
        Windows open at `next` messages, not at `start`.
    keeps_previous
        Figures of earlier scans of the kind stay when a new one starts.
    result_actions
        Actions that bring a result. The figure of such a kind opens with its first result.
    single_message_actions
        Actions that are a whole scan in one message: it starts and ends it.
    names_its_run
        The message of a whole scan names the run that is to be seen.
    add_actions
        Actions that add to it, runs by their uids above all.
    end_actions
        Actions that end it.
    has_figure
        There is something to be seen of it: it has a figure.
    ended_by_resting_state
        A `resting_state` ends it. Alignments go on: their plans send one between their scans.
    ends_with
        Another kind, whose scan belongs to this one: where a `resting_state` ends that, it ends this too.
    closed_by_line
        `close: line` closes its figure.
    clickable_axes
        Axes on which a click picks a position: none, `x`, or `x` and `y`.
    reported_by_dossier
        A dossier waits for the files that its end asks for.
    dossier_caption
        Caption of the pictures that its end asks for, on a dossier's page and in the message log; '' where the page
        links them by itself, or not at all.
    """

    hint_prefixes: tuple[str, ...] = ()
    motors: Callable[[ReceivedMessage, BoardConfig], Motors] | None = None
    has_repetitions: bool = False
    keeps_previous: bool = False
    result_actions: frozenset[str] = frozenset()
    single_message_actions: frozenset[str] = frozenset()
    names_its_run: bool = False
    add_actions: frozenset[str] = frozenset({"add"})
    end_actions: frozenset[str] = frozenset({"stop"})
    has_figure: bool = True
    ended_by_resting_state: bool = False
    ends_with: str = ""
    closed_by_line: bool = False
    clickable_axes: tuple[Literal["x", "y"], ...] = ()
    reported_by_dossier: bool = False
    dossier_caption: str = ""


scan_kinds: Registry[ScanKind] = Registry("xafs_workers.scans")
"""The kinds of scans, each registered in the module that bears its name."""
