"""Construction of scans from messages alone: a pure function of the messages sorted by record time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from xafs_workers.scans.items import ReceivedMessage, RecordPosition
from xafs_workers.scans.runs import CLOSING, OPENING, TimePosition, build_time_position
from xafs_workers.scans.scan import RunWindow, Scan, ScanKind, scan_kinds


def affects_scans(control: ReceivedMessage) -> bool:
    """Check whether a message starts, changes or ends scans or their figures."""
    kind = scan_kinds.get(control.message.kind)
    if kind is None:
        return bool(control.message.closes) or control.message.ends_open_scans
    if control.message.action in kind.question_actions:
        return False
    if not kind.has_figure:
        return control.message.action in {"start", *kind.add_actions, *kind.end_actions}
    return not kind.single_message_actions or control.message.action in kind.single_message_actions


def get_time_position(control: ReceivedMessage) -> TimePosition:
    """Return the position of a message in record time; closing messages sort after documents of the same time."""
    kind = scan_kinds.get(control.message.kind)
    closing = kind is None or control.message.action in kind.end_actions
    return build_time_position(control.time, CLOSING if closing else OPENING, control.position)


def get_message_order(control: ReceivedMessage) -> tuple[float, RecordPosition]:
    """Return the sort key of a message among messages: in a partition, two of them may have the same millisecond."""
    return (control.time, control.position)


def build_scans(messages: Iterable[ReceivedMessage], hidden_figures: Collection[str] = ()) -> tuple[Scan, ...]:
    """Build all scans, without their runs, in the order in which they started.

    Parameters
    ----------
    messages
        Messages sorted by `get_message_order`.
    hidden_figures
        Ids of figures that were closed by messages removed since.
    """
    builder = _ScanBuilder((), hidden_figures)
    for control in messages:
        builder.add_message(control)
    return tuple(builder.scans)


def extend_scans(
    scans: Iterable[Scan], control: ReceivedMessage, hidden_figures: Collection[str] = ()
) -> tuple[Scan, ...]:
    """Return the scans after one more message, the last in the order of messages; bound runs stay bound."""
    builder = _ScanBuilder(scans, hidden_figures)
    builder.add_message(control)
    return tuple(builder.scans)


def list_idle_closers(
    messages: Iterable[ReceivedMessage], hidden_figures: Collection[str] = ()
) -> tuple[ReceivedMessage, ...]:
    """List the messages `close: last` that found no open figure of a message; for the parameters see `build_scans`."""
    builder = _ScanBuilder((), hidden_figures)
    for control in messages:
        builder.add_message(control)
    return tuple(builder.idle_closers)


class _ScanBuilder:
    """List of scans that grows with each message, and the index of the open scan of each kind.

    Attributes
    ----------
    idle_closers
        Messages `close: last` that found no open figure.
    """

    def __init__(self, scans: Iterable[Scan], hidden_figures: Collection[str]) -> None:
        self.scans = list(scans)
        self.idle_closers: list[ReceivedMessage] = []
        self._hidden_figures = hidden_figures
        self._open_scans = {
            scan.kind: index for index, scan in enumerate(self.scans) if scan.end is None and not scan.implicit_end
        }

    def _is_shown(self, control: ReceivedMessage) -> bool:
        """Check whether the figure that a message opens was not closed by a message removed since."""
        return control.id not in self._hidden_figures

    def add_message(self, control: ReceivedMessage) -> None:
        kind, action = control.message.kind, control.message.action
        if control.message.closes:
            self._close_figures(control)
        elif control.message.ends_open_scans:
            self._end_resting_scans(control)
        elif action in scan_kinds[kind].single_message_actions:
            self._add_complete_scan(control, scan_kinds[kind])
        elif action == "start":
            self._start_scan(control, scan_kinds[kind])
        elif kind in self._open_scans:
            self._update_scan(self._open_scans[kind], control)

    def _end_resting_scans(self, control: ReceivedMessage) -> None:
        open_kinds = {name: scan_kinds[name] for name in self._open_scans}
        for name, kind in open_kinds.items():
            # The other kind's scan belongs to this one if it started later.
            latest = max((i for i, scan in enumerate(self.scans) if scan.kind == kind.ends_with), default=-1)
            if kind.ended_by_resting_state or (kind.ends_with and latest > self._open_scans[name]):
                self._end_implicitly(name, control, control.message.kind)

    def _start_scan(self, control: ReceivedMessage, kind: ScanKind) -> None:
        name = control.message.kind
        if name in self._open_scans:
            self._end_implicitly(name, control, "superseded")
        if not kind.keeps_previous:
            self._hide_figures(lambda scan: scan.kind == name)
        place = get_time_position(control)
        windows = () if kind.has_repetitions or kind.motors is None else (RunWindow(control, 0, place),)
        self._open_scans[name] = len(self.scans)
        shown = self._is_shown(control)
        scan = Scan(control.id, name, control, place, windows, is_shown=shown, figure_message=control)
        later = bool(kind.result_actions) or not kind.has_figure
        self.scans.append(replace(scan, is_shown=False, figure_message=None) if later else scan)

    def _add_complete_scan(self, control: ReceivedMessage, kind: ScanKind) -> None:
        name = control.message.kind
        if not kind.keeps_previous:
            self._hide_figures(lambda scan: scan.kind == name)
        added = (control,) if kind.names_its_run else ()
        self.scans.append(
            Scan(
                control.id,
                name,
                control,
                get_time_position(control),
                end=control,
                is_shown=self._is_shown(control),
                added_messages=added,
                figure_message=control,
            )
        )

    def _update_scan(self, index: int, control: ReceivedMessage) -> None:
        scan, action = self.scans[index], control.message.action
        kind = scan_kinds[scan.kind]
        if action in kind.end_actions:
            ended = replace(_close_window(scan, get_time_position(control)), end=control)
            shown = self._is_shown(control)
            self.scans[index] = (
                replace(ended, figure_message=control, is_shown=shown) if self._has_results(index) else ended
            )
            del self._open_scans[scan.kind]
        elif action == "next":
            self._open_window(index, control)
        elif action in kind.add_actions:
            self.scans[index] = replace(scan, added_messages=(*scan.added_messages, control))
        elif action in kind.result_actions:
            results, shown = (*scan.result_messages, control), self._is_shown(control)
            self.scans[index] = replace(scan, result_messages=results, figure_message=control, is_shown=shown)

    def _has_results(self, index: int) -> bool:
        """Check whether an alignment has results: messages that contain them, or fits that were asked for since."""
        scan = self.scans[index]
        if not scan_kinds[scan.kind].collects_fits:
            return bool(scan.result_messages)
        later = self.scans[index + 1 :]
        return bool(scan.result_messages) or any(scan_kinds[one.kind].is_part_of_alignment for one in later)

    def _open_window(self, index: int, control: ReceivedMessage) -> None:
        scan = _close_window(self.scans[index], get_time_position(control))
        window = RunWindow(control, control.message.repetition, get_time_position(control))
        self.scans[index] = replace(scan, windows=(*scan.windows, window))

    def _end_implicitly(self, kind: str, control: ReceivedMessage, why: str) -> None:
        index = self._open_scans.pop(kind)
        closed = _close_window(self.scans[index], get_time_position(control))
        self.scans[index] = replace(closed, implicit_end=why, implicit_end_message=control)

    def _close_figures(self, control: ReceivedMessage) -> None:
        if control.message.closes == "all":
            self._hide_figures(lambda scan: True)
        elif control.message.closes == "line":
            self._hide_figures(lambda scan: scan_kinds[scan.kind].closed_by_line)
        else:
            shown = [
                (get_time_position(scan.figure_message or scan.start), i)
                for i, scan in enumerate(self.scans)
                if scan.is_shown
            ]
            if shown:
                _, last = max(shown)
                self.scans[last] = replace(self.scans[last], is_shown=False)
            else:
                self.idle_closers.append(control)

    def _hide_figures(self, chosen: Callable[[Scan], bool]) -> None:
        for index, scan in enumerate(self.scans):
            if scan.is_shown and chosen(scan):
                self.scans[index] = replace(scan, is_shown=False)


def _close_window(scan: Scan, place: TimePosition) -> Scan:
    """Close the last window of a scan at a position in record time."""
    if not scan.windows or scan.windows[-1].end_position is not None:
        return scan
    return replace(scan, windows=(*scan.windows[:-1], replace(scan.windows[-1], end_position=place)))
