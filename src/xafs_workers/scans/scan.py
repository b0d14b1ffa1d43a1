"""A scan, a measurement that messages start and end, and the properties of each kind of scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xafs_workers.messages.base import list_kind_names
from xafs_workers.registry import Registry
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.outline import Form, Outline
from xafs_workers.scans.runs import TimePosition


@dataclass(frozen=True, slots=True)
class RunWindow:
    """Window of record time in which the run of a scan, or of one repetition, starts.

    Attributes
    ----------
    opening_message
        Message that opened the window (`start`, or `next` of an XAFS sequence).
    repetition
        Number of the repetition, from 1; 0 if the kind has no repetitions.
    start_position, end_position
        First and last position in record time; the last is None while the window is open.
    run_uid
        Uid of the bound run, None for none.
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
        Id of its start message; also the id of its figure.
    end
        Message that ended the scan, None for none.
    implicit_end
        Reason of an end without an end message: `superseded`, `resting_state`, or for an implied scan `stopped`; ''
        for none.
    implicit_end_message
        Message that ended the scan in that way, None for none.
    is_shown
        True while the scan has an open figure; False after a message closed it.
    added_messages
        Messages that added runs by their uids (or other content, to a dossier), in order.
    result_messages
        Messages that contain a result, in order.
    figure_message
        Message that opened the present figure, None before there is one.
    outline
        What the run is, for an implied scan: one that no message started. None for a scan of messages.
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
    implicit_end_message: ReceivedMessage | None = None
    outline: Outline | None = None

    @property
    def figure_id(self) -> str:
        """Id of the present figure; each result of an alignment, and its summary, opens a new one."""
        return self.id if self.figure_message is None else self.figure_message.id

    @property
    def is_implied(self) -> bool:
        """Whether the scan is what the documents of its run say, without a message."""
        return self.outline is not None

    @property
    def has_ended(self) -> bool:
        """Whether a message ended the scan (documents may still arrive)."""
        return self.end is not None or bool(self.implicit_end)

    @property
    def has_figure(self) -> bool:
        """Whether scans of this kind have a figure."""
        return scan_kinds[self.kind].has_figure

    @property
    def run_uids(self) -> tuple[str, ...]:
        """Uids of the scan's runs: the bound ones in the order of the windows, then the added ones."""
        return tuple(window.run_uid for window in self.windows if window.run_uid is not None) + self.added_run_uids

    @property
    def added_run_uids(self) -> tuple[str, ...]:
        """Uids of the added runs, each once, whether or not the runs are known; a list replaces all earlier ones."""
        named: list[str] = []
        for control in self.added_messages:
            whole = control.message.named_runs
            named = named if whole is None else list(whole)
            one = control.message.named_run
            named += [one] if one else []
        return tuple(dict.fromkeys(named))

    @property
    def named_run_uids(self) -> tuple[str, ...]:
        """The uids of the runs that its messages name: added ones, and those of the messages that start and end it."""
        ends = (self.start, self.figure_message, self.end)
        named = (control.message.named_run for control in ends if control is not None)
        return tuple(dict.fromkeys((*self.added_run_uids, *(uid for uid in named if uid))))

    @property
    def all_messages(self) -> tuple[ReceivedMessage, ...]:
        """All messages that started, continued or ended the scan."""
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
    """What a run of a scan moves.

    Attributes
    ----------
    required
        Names of motors, each a device or a column; a run that moves all of them precedes others of the kind.
    has_energy
        True if it moves the energy, whatever the name of its axis.
    """

    required: frozenset[str] = frozenset()
    has_energy: bool = False

    def match(self, run: Outline) -> bool:
        """Check whether a run moves them; False if none is asked for."""
        if self.has_energy:
            return run.moves_energy
        return bool(self.required) and self.required <= run.movers


@dataclass(frozen=True, slots=True)
class ScanKind:
    """Properties of one kind of scan.

    Attributes
    ----------
    hint_prefixes
        First words of the hints of its runs.
    motors
        Function that returns the motors that a run of the scan moves; None for a kind without bound runs.
    form
        Form of its runs, by which runs that no message claims become scans of the kind; '' for none.
    merged_form
        Form of the runs that its scans merge; '' for none.
    has_repetitions
        True if windows open at `next` messages, not at `start`.
    keeps_previous
        True if the figures of earlier scans of the kind stay open when a new one starts.
    result_actions
        Actions whose messages contain a result. The figure of such a kind opens with its first result.
    single_message_actions
        Actions whose message both starts and ends a scan.
    names_its_run
        True if the message of a single-message scan names the run that is shown.
    add_actions
        Actions that add runs by their uids, or other content, to the scan.
    end_actions
        Actions that end the scan.
    question_actions
        Actions that ask about the scan and do not change it; `scans.scan_questions` has their answers.
    has_figure
        True if scans of the kind have a figure.
    ended_by_resting_state
        True if a `resting_state` ends the scan. It does not end alignments, whose plans send one between their scans.
    ends_with
        Another kind, whose scan belongs to this one: a `resting_state` that ends that scan ends this one too.
    closed_by_line
        True if `close: line` closes the figure.
    clickable_axes
        Axes on which a click picks a position: none, `x`, or `x` and `y`.
    fits_follow
        True if plans have the runs of the scan fitted after it, so that the process of the fits is started with it.
    is_part_of_alignment
        True if a scan of the kind is a result that the summary of an alignment shows.
    collects_fits
        True if the scan is an alignment: at its end a summary shows the fits that were asked for since its start.
    reported_by_dossier
        True if a dossier waits for the files that the scan's end message requests.
    dossier_caption
        Caption of these pictures, on a dossier's page and in the message log; '' if the page links them in another way,
        or not at all.
    """

    hint_prefixes: tuple[str, ...] = ()
    motors: Callable[[ReceivedMessage, BoardConfig], Motors] | None = None
    form: Form = ""
    merged_form: Form = ""
    has_repetitions: bool = False
    keeps_previous: bool = False
    result_actions: frozenset[str] = frozenset()
    single_message_actions: frozenset[str] = frozenset()
    names_its_run: bool = False
    add_actions: frozenset[str] = frozenset({"add"})
    end_actions: frozenset[str] = frozenset({"stop"})
    question_actions: frozenset[str] = frozenset()
    has_figure: bool = True
    ended_by_resting_state: bool = False
    ends_with: str = ""
    closed_by_line: bool = False
    clickable_axes: tuple[Literal["x", "y"], ...] = ()
    fits_follow: bool = False
    is_part_of_alignment: bool = False
    collects_fits: bool = False
    reported_by_dossier: bool = False
    dossier_caption: str = ""


scan_kinds: Registry[ScanKind] = Registry("xafs_workers.scans", "scan_kinds", list_kind_names)
"""Kinds of scans, each registered in the module of the same name."""
