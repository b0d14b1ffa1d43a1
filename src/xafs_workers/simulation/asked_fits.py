"""Alignment plans of BMM since September 2025: they have the workers fit, and poll the key store for the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bluesky import plan_stubs as bps
from bluesky import preprocessors as bpp

from xafs_workers.simulation.beamline import Beamline
from xafs_workers.simulation.plans import Plan, enter_resting_state, find_axis, post_message, scan_line

PRESET = "-10000000000.1"
FIRST_PAUSE = 0.25
PAUSES = tuple(0.1 * 2**n for n in range(7))
"""Pauses between two looks at the key, seconds; after the last one a plan gives up."""

Span = tuple[float, float, int]


@dataclass(slots=True)
class ReplyPoller:
    """Client of the key store, as a plan uses it.

    Attributes
    ----------
    waited
        How long each reply was waited for, seconds.
    """

    url: str
    key: str = "BMM:peakposition"
    pause: Callable[[float], object] = time.sleep
    waited: list[float] = field(default_factory=list[float])

    def preset(self) -> None:
        """Set the key to the number that means `not yet`."""
        with self._connect() as client:
            client.set(self.key, PRESET)

    def poll(self) -> float | None:
        """Wait for a reply; None where none comes in about 13 seconds."""
        began = time.monotonic()
        with self._connect() as client:
            self.pause(FIRST_PAUSE)
            for pause in (*PAUSES, 0.0):
                position = float(client.get(self.key))
                if position > float(PRESET):
                    self.waited.append(time.monotonic() - began)
                    return position
                self.pause(pause)
        return None

    def read(self, *keys: str) -> list[str | None]:
        """Read keys as they are."""
        with self._connect() as client:
            return client.mget(keys)

    def _connect(self) -> Any:
        import redis

        return redis.Redis.from_url(self.url, decode_responses=True)


class NoReplyError(ValueError):
    """No worker wrote a position: the plan stops and moves nothing."""


@dataclass(frozen=True, slots=True)
class FittedAlignments:
    """Alignment plans of a beamline; each returns the positions to which it moved its motors."""

    beamline: Beamline
    replies: ReplyPoller

    def scan_rocking_curve(self, choice: str = "peak") -> Plan:
        """Tune the pitch of the second crystal."""
        found = yield from self._move_to("dcm_pitch", "I0", (-0.13, 0.17, 41), {"peakfit": True, "choice": choice})
        yield from enter_resting_state(self.beamline)
        return [found]

    def align_slit_height(self) -> Plan:
        """Move the slits to the height of the beam."""
        found = yield from self._move_to("dm3_bct", "I0", (-1.3, 1.7, 31), {"peakfit": True, "choice": "com"})
        yield from enter_resting_state(self.beamline)
        return [found]

    def align_mirror_pitch(self) -> Plan:
        """Move the upstream end of the second mirror to the most beam."""
        found = yield from self._move_to("m2_yu", "I0", (-1.3, 1.7, 31), {"peakfit": True, "choice": "fit"})
        yield from enter_resting_state(self.beamline)
        return [found]

    def change_edge(self, energy: float) -> Plan:
        """Move to another energy, eV, and find the beam again."""
        yield from bps.mv(find_axis(self.beamline, "dcm_energy"), energy)
        found = yield from self.scan_rocking_curve()
        return [*found, *(yield from self.align_slit_height())]

    def find_slot(self) -> Plan:
        """Find the middle of the sample's slot, first in y and then in x."""
        self.beamline.send({"align_wheel": "start"})
        found: list[float] = []
        for motor, span in (("xafs_y", (-3.5, 3.1, 34)), ("xafs_x", (-10.0, 9.0, 39))):
            found.append((yield from self._move_to(motor, "It", span, {"rectanglefit": True}, closes="all")))
            yield from enter_resting_state(self.beamline)
        self.beamline.send({"close": "all"})
        self.beamline.send({"align_wheel": "stop"})
        return found

    def find_wafer_edge(self) -> Plan:
        """Find the edge of a wafer, simulated by that of the slot, and move there."""
        axis = find_axis(self.beamline, "xafs_x")
        yield from bps.mv(axis, axis.position - 6.0)
        asked = {"stepfit": True, "uid": "last", "choice": "peak", "saveplot": False}
        found = yield from self._move_to("xafs_x", "It", (-3.0, 3.0, 41), asked)
        yield from enter_resting_state(self.beamline)
        return [found]

    def align_spinner(self, spinner: int, picture: str) -> Plan:
        """Align a flat sample at glancing angle; return the positions, then the uids that the workers wrote.

        Parameters
        ----------
        picture
            Absolute path of the picture of the summary.
        """
        beamline, found = self.beamline, list[Any]()
        post_message(beamline, f"aligning spinner {spinner}")
        beamline.send({"glancing_angle": "start", "filename": picture})

        def align() -> Plan:
            last = {"uid": "last", "spinner": spinner}
            step, peak = {"stepfit": True, **last}, {"peakfit": True, "choice": "peak", **last}
            for _ in range(2):
                yield from bps.mv(find_axis(beamline, "xafs_y"), beamline.slot_edge)
                found.append((yield from self._move_to("xafs_y", "It", (-1.5, 1.5, 31), step)))
                found.append((yield from self._move_to("xafs_pitch", "It", (-3.0, 3.0, 31), peak)))
            found.append((yield from self._move_to("xafs_x", "If", (-9.0, 9.0, 31), peak)))

        def clean_up() -> Plan:
            yield from enter_resting_state(beamline)
            beamline.send({"close": "all"})
            beamline.send({"glancing_angle": "stop"})
            found.extend(self.replies.read("BMM:ga:xy_uid", "BMM:ga:pitch_uid", "BMM:ga:fluo_uid"))

        yield from bpp.finalize_wrapper(align(), clean_up)
        return found

    def _move_to(self, motor: str, signal: str, span: Span, asked: Mapping[str, Any], *, closes: str = "last") -> Plan:
        """Scan a motor, have the run fitted, and move to the result as soon as it is in the key store."""
        beamline = self.beamline
        self.replies.preset()
        uid = yield from scan_line(beamline, motor, signal, span)
        beamline.send({"close": closes})
        beamline.send({"uid": uid, **asked, "motor_name": motor, "signal": signal})
        position = self.replies.poll()
        if position is None:
            raise NoReplyError(f"{motor}: no position in {self.replies.key}")
        yield from bps.mv(find_axis(beamline, motor), position)
        return position
