"""Scans as the messages alone tell them: a pure function of the messages sorted by record time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from xafs_workers.scans.items import Control, Origin
from xafs_workers.scans.runs import CLOSING, OPENING, Key, key_of
from xafs_workers.scans.scan import Scan, ScanKind, Window, scan_kinds

RESTING = frozenset({"linescan", "timescan", "areascan", "xafsscan"})
"""Kinds that a `resting_state` ends; alignments and dossiers go on (`find_slot` sends one between its two scans)."""

TOGETHER = {"xafsscan": "xafs_sequence"}
"""Kinds that end together with another at a `resting_state`."""

LINES = frozenset({"linescan", "timescan"})
"""Kinds whose figures `close: line` closes."""


def is_told(control: Control) -> bool:
    """Tell whether the message takes part in what scans there are."""
    kind = scan_kinds.get(control.message.kind)
    if kind is None:
        return control.message.kind in ("close", "resting_state")
    if not kind.seen:
        return control.message.action in {"start", *kind.adds, *kind.ends}
    return not kind.whole or control.message.action in kind.whole


def place_of(control: Control) -> Key:
    """Return the message's place in record time; closing messages sort after documents of the same time."""
    kind = scan_kinds.get(control.message.kind)
    closing = kind is None or control.message.action in kind.ends
    return key_of(control.time, CLOSING if closing else OPENING, control.origin)


def told_at(control: Control) -> tuple[float, Origin]:
    """Return the message's place among messages: in one partition a stop and the next start may share a millisecond."""
    return (control.time, control.origin)


def scans_told(messages: Iterable[Control], hidden: Collection[str] = ()) -> tuple[Scan, ...]:
    """Return all scans, without their runs, in the order in which they started.

    Parameters
    ----------
    messages
        Sorted by `told_at`.
    hidden
        Ids of figures that were closed by messages no longer kept.
    """
    teller = _Teller()
    for control in messages:
        teller.hear(control)
    return tuple(
        replace(scan, shown=False) if scan.shown and scan.figure_id in hidden else scan for scan in teller.scans
    )


class _Teller:
    """Goes through the messages once and keeps the scan that is open for each kind."""

    def __init__(self) -> None:
        self.scans: list[Scan] = []
        self._open: dict[str, int] = {}

    def hear(self, control: Control) -> None:
        kind, action = control.message.kind, control.message.action
        if kind == "close":
            self._close_figures(action)
        elif kind == "resting_state":
            self._rest(control)
        elif action in scan_kinds[kind].whole:
            self._whole(control, scan_kinds[kind])
        elif action == "start":
            self._start(control, scan_kinds[kind])
        elif kind in self._open:
            self._go_on(self._open[kind], control)

    def _rest(self, control: Control) -> None:
        for kind, companion in TOGETHER.items():
            # The companion starts first: where the latest scan of the kind is younger it is the companion's.
            latest = max((i for i, scan in enumerate(self.scans) if scan.kind == kind), default=-1)
            if latest > self._open.get(companion, len(self.scans)):
                self._give_up(companion, control, "resting_state")
        for kind in RESTING & self._open.keys():
            self._give_up(kind, control, "resting_state")

    def _start(self, control: Control, kind: ScanKind) -> None:
        name = control.message.kind
        if name in self._open:
            self._give_up(name, control, "superseded")
        if not kind.piles_up:
            self._hide(lambda scan: scan.kind == name)
        place = place_of(control)
        windows = () if kind.has_repetitions or kind.motors is None else (Window(control, 0, place),)
        self._open[name] = len(self.scans)
        scan = Scan(control.id, name, control, place, windows, figure=control)
        later = bool(kind.results) or not kind.seen
        self.scans.append(replace(scan, shown=False, figure=None) if later else scan)

    def _whole(self, control: Control, kind: ScanKind) -> None:
        name = control.message.kind
        if not kind.piles_up:
            self._hide(lambda scan: scan.kind == name)
        added = (control,) if kind.names_run else ()
        self.scans.append(Scan(control.id, name, control, place_of(control), end=control, added=added, figure=control))

    def _go_on(self, index: int, control: Control) -> None:
        scan, action = self.scans[index], control.message.action
        kind = scan_kinds[scan.kind]
        if action in kind.ends:
            ended = replace(_shut(scan, place_of(control)), end=control)
            self.scans[index] = replace(ended, figure=control, shown=True) if scan.results else ended
            del self._open[scan.kind]
        elif action == "next":
            self._next(index, control)
        elif action in kind.adds:
            self.scans[index] = replace(scan, added=(*scan.added, control))
        elif action in kind.results:
            self.scans[index] = replace(scan, results=(*scan.results, control), figure=control, shown=True)

    def _next(self, index: int, control: Control) -> None:
        scan = _shut(self.scans[index], place_of(control))
        window = Window(control, getattr(control.message, "count", 0), place_of(control))
        self.scans[index] = replace(scan, windows=(*scan.windows, window))

    def _give_up(self, kind: str, control: Control, why: str) -> None:
        index = self._open.pop(kind)
        self.scans[index] = replace(_shut(self.scans[index], place_of(control)), given_up=why)

    def _close_figures(self, which: str) -> None:
        if which == "all":
            self._hide(lambda scan: True)
        elif which == "line":
            self._hide(lambda scan: scan.kind in LINES)
        else:
            shown = [(place_of(scan.figure or scan.start), i) for i, scan in enumerate(self.scans) if scan.shown]
            if shown:
                _, last = max(shown)
                self.scans[last] = replace(self.scans[last], shown=False)

    def _hide(self, chosen: Callable[[Scan], bool]) -> None:
        for index, scan in enumerate(self.scans):
            if scan.shown and chosen(scan):
                self.scans[index] = replace(scan, shown=False)


def _shut(scan: Scan, place: Key) -> Scan:
    """Return the scan with its last window ended here."""
    if not scan.windows or scan.windows[-1].ends is not None:
        return scan
    return replace(scan, windows=(*scan.windows[:-1], replace(scan.windows[-1], ends=place)))
