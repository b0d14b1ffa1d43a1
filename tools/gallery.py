"""Every figure of every kind, mode and detector as a picture: `python tools/gallery.py OUTPUT`.

Each kind that has a figure declares an example in its own module; the variants by mode and detector are added here.

The numbers are made up, but look like those of a beamline: an edge with fine structure, slits with soft edges, a map
of three grains, emission lines on a background. All figures go the way of the workers: messages and documents are
folded into a board, and its figures are drawn.
"""

from __future__ import annotations

import argparse
import html
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from xafs_workers.consumer.reduction_requests import ReductionRequester
from xafs_workers.figures.figure_builder import (
    FigureExample,
    build_figure,
    figure_builders,
    figure_examples,
    list_shown_scans,
)
from xafs_workers.figures.model import Figure
from xafs_workers.messages.parsing import parse
from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.reduction.router import AnalysisRouter
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ClockTick, Document, ReceivedMessage, RecordPosition

RNG = np.random.default_rng(7)
EDGE = 7112.0
BEGAN = 1_770_000_000.0
"""Time of the sessions, POSIX seconds."""
SDD = {"1-element SDD": (8,), "4-element SDD": range(1, 5), "7-element SDD": range(1, 8), "Dante": range(1, 8)}
Numbers = dict[str, Any]


@dataclass
class Session:
    """Messages and documents, one after another, and the board they make."""

    board: Board = field(default_factory=Board)
    count: int = 0

    def tell(self, **message: Any) -> Session:
        """Send a control message."""
        return self._apply(ReceivedMessage(parse(message), *self._place("c")))

    def run(self, columns: Numbers, *, stop: bool = True, units: dict[str, str] | None = None, **start: Any) -> str:
        """Publish a run; return its uid."""
        began = BEGAN + self.count
        start = {"uid": f"run-{self.count}", "time": began + 1.0, **start}
        uid = start["uid"]
        self._document("start", start)
        about = {key: _about(values, (units or {}).get(key)) for key, values in columns.items()}
        self._document("descriptor", {"uid": f"d-{uid}", "run_start": uid, "time": began, "name": "primary",
                                      "data_keys": about})  # fmt: skip
        for n in range(len(next(iter(columns.values())))):
            data = {key: values[n] for key, values in columns.items()}
            self._document("event", {"uid": f"e{n}", "descriptor": f"d-{uid}", "seq_num": n + 1,
                                     "time": began + 0.5 * n, "data": data, "timestamps": {}})  # fmt: skip
        if stop:
            self._document("stop", {"uid": "s", "run_start": uid, "time": began + 9.0, "exit_status": "success"})
        return uid

    def figure(self, kind: str = "", **options: Any) -> Figure:
        """Return the figure of the scan that started last, of a kind if one is named; reduced where Larch is there."""
        board = reduced(self.board.apply(ClockTick(BEGAN + self.count + 100.0)))
        scan = next(scan for scan in reversed(board.scans) if kind in ("", scan.kind))
        return build_figure(board, scan, **options)

    def _document(self, name: str, doc: dict[str, Any]) -> None:
        self._apply(Document(name, doc, *self._place("d")))

    def _place(self, topic: str) -> tuple[float, RecordPosition]:
        self.count += 1
        return BEGAN + self.count, RecordPosition(topic, 0, self.count)

    def _apply(self, item: Any) -> Session:
        self.board = self.board.apply(item)
        return self


_routers: list[AnalysisRouter] = []
"""The one that has spectra reduced and fits done, while the gallery is made with Larch."""


def reduced(board: Board) -> Board:
    """Return the board with all the reductions that it asks for."""
    if not _routers:
        return board
    reductions = ReductionRequester(_routers[0])
    board = reductions.fold(board, live=True)
    pause = Event()
    while reductions.is_waiting:
        pause.wait(0.01)
        board = reductions.fold(board, live=True)
    return reductions.fold(board, live=True)


def _about(values: Any, unit: str | None) -> Numbers:
    array = np.ndim(values) > 1
    about: Numbers = {"dtype": "array" if array else "number", "shape": list(np.shape(values))[1:], "source": "made up"}
    return {**about, "units": unit} if unit else about


def noisy(values: Any, size: float = 0.003) -> Any:
    """Return values with some noise, relative to their span."""
    values = np.asarray(values, dtype=float)
    return values + size * (np.ptp(values) or 1.0) * RNG.standard_normal(values.shape)


def step(x: Any, at: float, width: float) -> Any:
    """Return a soft step from 0 to 1."""
    return 0.5 * (1.0 + np.tanh((np.asarray(x) - at) / width))


def slot(x: Any, center: float, half: float, width: float) -> Any:
    """Return a rectangle with soft edges."""
    return step(x, center - half, width) - step(x, center + half, width)


def mu(energy: Any) -> Any:
    """Return an absorption edge with a white line and EXAFS."""
    k = np.sqrt(np.clip(0.2625 * (energy - EDGE), 0.0, None))
    wiggles = np.where(k > 1.0, 0.12 * np.sin(4.2 * k) * np.exp(-0.02 * k**2), 0.0)
    line = 0.45 * np.exp(-(((energy - EDGE - 6.0) / 4.0) ** 2))
    return 0.05 + step(energy, EDGE, 1.5) * (1.0 + wiggles) + line - 0.0001 * (energy - EDGE)


def xafs_columns(channels: Any = (), *, more: tuple[str, ...] = ()) -> Numbers:
    """Return the columns of one XAFS scan."""
    energy = np.concatenate([np.arange(-200, -30, 10), np.arange(-30, 30, 0.5), np.arange(30, 600, 3)]) + EDGE
    dwell = np.where(energy < EDGE + 30, 0.5, 1.0)
    i0 = noisy(90.0 + 3.0 * np.sin(energy / 150.0), 0.01) * dwell
    it = i0 * np.exp(-noisy(mu(energy), 0.001))
    columns = {"dcm_energy": energy, "dwti_dwell_time": dwell, "I0": i0, "It": it,
               "Ir": it * np.exp(-noisy(0.6 * mu(energy + 1.0), 0.001)),
               "Iy": i0 * 0.02 * noisy(mu(energy))}  # fmt: skip
    for channel in channels:
        gain = 0.3 if channel == 5 else RNG.uniform(0.9, 1.1)
        columns[f"Fe{channel}"] = i0 * gain * 120.0 * noisy(mu(energy), 0.01)
    for key in more:
        columns[key] = i0 * (40.0 if key == "specular" else 4.0) * noisy(1.0 / (0.5 + mu(energy)), 0.01)
    return columns


def xafs(mode: str, repetitions: int = 3, detector: str | None = None, **options: Any) -> Figure:
    """Return the live view of a sequence."""
    return xafs_session(mode, repetitions, detector, merged=False).figure(**options)


def xafs_session(mode: str, repetitions: int, detector: str | None, *, merged: bool, points: int = -1) -> Session:
    """Return the session of a sequence, whose last repetition is under way; with `merged` it is reduced as well."""
    session = Session()
    if merged:
        session.tell(xafs_sequence="start", element="Fe", edge="K", folder="/x", repetitions=repetitions, mode=mode)
    session.tell(xafsscan="start", element="Fe", edge="K", mode=mode, filename="hematite", repetitions=repetitions,
                 sample="Fe2O3 in boron nitride", reference_material="Fe foil", fluo_detector=detector)  # fmt: skip
    channels = SDD.get(detector or "", range(1, 5) if mode in ("pilatus", "eiger", "yield") else ())
    more = ("diffuse", "specular") if mode in ("pilatus", "eiger") else ()
    for count in range(1, repetitions + 1):
        session.tell(xafsscan="next", count=count)
        columns = {key: values[:points] for key, values in xafs_columns(channels, more=more).items()}
        last = count == repetitions and repetitions > 1
        columns = {key: values[: 150 if last else None] for key, values in columns.items()}
        xdi = {"Element": {"symbol": "Fe"}, "Sample": {"name": "Fe2O3 in boron nitride"}}
        about = {"BMM_kafka": {"hint": f"xafs {mode}", "count": count}, "XDI": xdi}
        uid = session.run(columns, stop=not last, motors=["dcm_energy"], detectors=[detector or "quadem1"], **about)
        if merged and not last:
            session.tell(xafs_sequence="add", uid=uid)
    return session


def merged_sequence(repetitions: int, mode: str = "transmission", *, ended: bool = False, points: int = -1) -> Figure:
    """Return the three panels of a sequence, the last repetition of which is under way.

    Parameters
    ----------
    points
        Of each repetition; with 100 or fewer there is but one panel.
    """
    detector = "7-element SDD" if mode == "fluorescence" else None
    session = xafs_session(mode, repetitions, detector, merged=True, points=points)
    if ended:
        session.tell(xafs_sequence="stop", filename="snapshots/hematite.png")
    return session.figure(kind="xafs_sequence")


def line_columns(motor: str | None, channels: Any = ()) -> Numbers:
    """Return the columns of a line or time scan across a slit."""
    x = np.linspace(-3.0, 3.0, 61)
    i0 = noisy(95.0 + 0.5 * x, 0.02)
    shape = slot(x, 0.4, 1.5, 0.3)
    columns: Numbers = {motor: x} if motor else {}
    columns |= {"I0": i0, "It": i0 * noisy(0.02 + 0.5 * shape), "Ir": i0 * noisy(0.01 + 0.2 * shape),
                "Iy": i0 * noisy(0.01 * shape), "Ita": i0 * noisy(0.3 * shape), "Itb": i0 * noisy(0.25 * shape),
                "I0a": i0 * noisy(0.5 + 0.1 * step(x, 0.0, 1.0)), "I0b": i0 * noisy(0.5 - 0.1 * step(x, 0.0, 1.0)),
                "specular": noisy(4e4 * np.exp(-(x**2)), 0.01), "diffuse": noisy(3e3 * (1 + shape), 0.01),
                "Bicron": noisy(1e4 * shape, 0.01)}  # fmt: skip
    for channel in channels:
        columns[f"Fe{channel}"] = i0 * noisy((0.2 if channel == 3 else 1.0) * 300 * (1.0 - 0.8 * shape), 0.01)
    return columns


def linescan(detector: str, fluo: str | None = None, *, motor: str | None = "xafs_x", **more: Any) -> Figure:
    """Return the figure of a line scan."""
    stack = more.pop("stack", False)
    session = Session().tell(linescan="start", motor=motor, detector=detector, fluo_detector=fluo, stack=stack)
    columns = line_columns(motor, SDD.get(fluo or "", ()))
    session.run(columns, motors=[motor] if motor else None, detectors=[fluo or "quadem1"],
                units={"xafs_x": "mm"}, BMM_kafka={"hint": f"linescan {detector} {motor}"})  # fmt: skip
    return session.figure(**more)


def timescan(detector: str) -> Figure:
    """Return the figure of a time scan."""
    session = Session().tell(timescan="start", detector=detector)
    session.run(line_columns(None), BMM_kafka={"hint": f"timescan {detector}"})
    return session.figure()


MAP: Numbers = {
    "areascan": "start", "slow_motor": "xafs_y", "slow_start": -3.0, "slow_stop": 3.0, "slow_steps": 41,
    "slow_initial": 120.5, "fast_motor": "xafs_x", "fast_start": -4.0, "fast_stop": 4.0, "fast_steps": 61,
    "fast_initial": 34.2, "energy": 7200.0, "element": "Fe",
}  # fmt: skip


def area(
    detector: str, fluo: str = "4-element SDD", *, points: int | None = None, surplus: int = 0, **how: Any
) -> Figure:
    """Return the figure of an area scan."""
    session = Session().tell(**MAP, detector=detector, fluo_detector=fluo)
    x, y = np.meshgrid(np.linspace(-4.0, 4.0, 61), np.linspace(-3.0, 3.0, 41))
    grains: Any = sum(h * np.exp(-(((x - a) / w) ** 2) - ((y - b) / w) ** 2)
                 for a, b, w, h in ((-1.6, -0.9, 1.0, 1.0), (1.4, 0.3, 1.3, 0.7), (0.2, 1.9, 0.6, 0.9)))  # fmt: skip
    if how.get("snake"):
        grains[1::2] = grains[1::2, ::-1]
    flat = np.concatenate([np.ravel(grains), np.zeros(surplus)])[:points]
    i0 = noisy(np.full(flat.shape, 95.0) + 2 * np.sin(np.arange(flat.size) / 300), 0.01)
    columns: Numbers = {"I0": i0, "It": i0 * np.exp(-0.1 - noisy(flat)), "Ir": i0 * 0.1, "Iy": i0 * noisy(flat) * 0.01}
    columns |= {key: noisy(100 + 2e4 * flat) for key in ("specular", "diffuse", "noisy_det")}
    for channel in SDD[fluo]:
        columns[f"Fe{channel}"] = i0 * (0.1 if channel == 3 else 1.0) * (5.0 + 200.0 * np.abs(noisy(flat, 0.01)))
    hint = f"areascan {detector} xafs_y xafs_x {how.get('contour', False)} {how.get('log', False)} 7200"
    done = points is None
    session.run(columns, stop=done, motors=["xafs_y", "xafs_x"], detectors=[fluo],
                snaking=[False, bool(how.get("snake"))], BMM_kafka={"hint": hint})  # fmt: skip
    if done:
        session.tell(areascan="stop", filename="map")
    return session.figure(separate_channels=bool(how.get("separate_channels")))


def found_slot(motor: str, center: float, half: float) -> Numbers:
    """Return a result of the search for a slot."""
    x = np.linspace(center - 2.3 * half, center + 2.3 * half, 31)
    fit = 0.52 * slot(x, center, half, 0.25 * half)
    return {"motor": motor, "detector": "it", "xaxis": x.tolist(), "data": noisy(fit, 0.01).tolist(),
            "best_fit": fit.tolist(), "center": center, "amplitude": 0.52, "uid": "u"}  # fmt: skip


def align_wheel(stage: str) -> Figure:
    """Return a result or the summary of the search for a slot."""
    session = Session().tell(align_wheel="start")
    session.tell(align_wheel="find_slot", **found_slot("xafs_y", 114.02, 1.5))
    if stage != "y":
        session.tell(align_wheel="find_slot", **found_slot("xafs_x", 160.41, 6.3))
    if stage == "summary":
        session.tell(align_wheel="stop")
    return session.figure()


def glancing(stage: str) -> Figure:
    """Return a result or the summary of an alignment at a glancing angle."""
    session = Session().tell(glancing_angle="start", filename="/p/2026-1/pass-1/snapshots/spinner3.png")
    x = np.linspace(-2.0, 2.0, 41)
    fit = 0.4 * (1.0 - step(x, 0.31, 0.3))
    linear = {"motor": "xafs_y", "center": 0.31, "amplitude": 0.4, "inverted": "inverted ", "spinner": 3}
    session.tell(glancing_angle="linear", **linear, xaxis=x.tolist(), data=noisy(fit, 0.02).tolist(),
                 best_fit=fit.tolist(), uid=None)  # fmt: skip
    if stage != "linear":
        shape = 0.31 * np.exp(-(((x - 0.22) / 0.7) ** 2))
        session.tell(glancing_angle="pitch", motor="xafs_pitch", center=0.22, amplitude=0.31, spinner=3,
                     xaxis=x.tolist(), data=noisy(shape, 0.02).tolist(), uid=None)  # fmt: skip
    if stage in ("fluo", "summary"):
        shape = 2.1 * np.exp(-(((x + 0.4) / 1.1) ** 2))
        session.tell(glancing_angle="fluo", motor="xafs_y", center=-0.4, amplitude=2.1, inverted="", spinner=3,
                     xaxis=x.tolist(), data=noisy(shape, 0.02).tolist(), uid=None)  # fmt: skip
    if stage == "summary":
        session.tell(glancing_angle="stop")
    return session.figure()


FITTED_X = np.linspace(-3.0, 3.0, 41)
FITTED: dict[str, tuple[Numbers, Any]] = {
    "peak": ({"peakfit": True, "signal": "I0", "choice": "peak"}, np.exp(-((FITTED_X - 0.7) ** 2))),
    "peak-fitted": ({"peakfit": True, "signal": "It", "choice": "fit"}, np.exp(-((FITTED_X - 0.7) ** 2))),
    "peak-noisy": ({"peakfit": True, "signal": "It", "choice": "peak"}, None),
    "step": ({"stepfit": True, "signal": "It", "spinner": 3}, 1.0 - step(FITTED_X, 0.4, 0.4)),
    "rectangle": ({"rectanglefit": True, "signal": "It"}, slot(FITTED_X, 0.3, 1.4, 0.2)),
    "rectangle-one-sided": ({"rectanglefit": True, "signal": "It"}, slot(FITTED_X, 3.0, 1.4, 0.2)),
}
"""Message and signal of each fit that a plan asks for; None: noise alone."""


def ask_fit(session: Session, name: str, motor: str, **more: Any) -> Session:
    """Measure a line scan and ask for its fit."""
    message, y = {**FITTED[name][0], "motor_name": motor, **more}, FITTED[name][1]
    signal = 0.5 + 0.05 * RNG.standard_normal(41) if y is None else noisy(0.02 + 0.5 * y, 0.01)
    i0 = np.full(41, 90.0) if message["signal"] != "I0" else 90.0 * signal
    columns = {motor: FITTED_X, "I0": i0, "It": 90.0 * signal, **{f"Fe{n}": 90.0 * signal for n in range(1, 5)}}
    uid = session.run(columns, units={motor: "deg" if motor.endswith("pitch") else "mm"}, motors=[motor])
    return session.tell(**message, uid=uid)


def fitted_summary(kind: str, parts: list[tuple[str, str, Numbers]]) -> Figure:
    """Return the summary of an alignment whose fits a plan asked for."""
    session = Session().tell(**{kind: "start"})
    for name, motor, more in parts:
        ask_fit(session, name, motor, **more)
    return session.tell(**{kind: "stop"}).figure(kind)


def wafer() -> Figure:
    """Return the edge of a wafer."""
    x = np.linspace(1.4, 5.4, 41)
    fit = 0.2 * step(x, 3.412, 0.2)
    return Session().tell(wafer="edge", motor="xafs_x", xaxis=x.tolist(), data=noisy(fit, 0.02).tolist(),
                          best_fit=fit.tolist(), center=3.412, amplitude=0.2, uid=None).figure()  # fmt: skip


def calibration(mono: str, error: float | None) -> Figure:
    """Return a calibration curve."""
    energies = np.array([5989.0, 7112.0, 8333.0, 8979.0, 9659.0, 11919.0, 12658.0, 17998.0, 20000.0])
    spacing = {"111": 3.13597, "311": 1.63762}[mono]
    angles = np.degrees(np.arcsin(12398.4198 / (2.0 * spacing * energies)))
    return Session().tell(
        mono_calibration=True, found=noisy(energies, 2e-5).tolist(), ee=energies.tolist(), tt=angles.tolist(),
        mono=mono, dspacing=[spacing, error and 1.7e-5], offset=[0.00123, error and 0.0002],
    ).figure()  # fmt: skip


def emission(scale: float = 1.0) -> Any:
    """Return a fluorescence spectrum, counts a bin of 10 eV."""
    energy = np.arange(4096) * 10.0
    lines = ((6400, 9e3, 70), (7058, 1.4e3, 75), (5895, 900, 68), (7190, 2.5e3, 78), (3690, 400, 60), (7000, 900, 200))
    counts = sum(h * np.exp(-0.5 * ((energy - at) / w) ** 2) for at, h, w in lines) + 25.0 * (energy < 7300)
    return RNG.poisson(scale * counts).astype(float)


def xrf_columns(detector: str, points: int) -> Numbers:
    """Return columns with spectra, as the detectors name them."""
    if detector == "Dante":
        return {"dante-1_image": np.array([[[emission() for _ in range(8)]] for _ in range(points)])}
    return {f"{detector}_channel0{n}_xrf": np.array([emission(0.3 if n == 3 else 1.0) for _ in range(points)])
            for n in SDD[detector]}  # fmt: skip


XRF_XDI = {"Element": {"symbol": "Fe", "edge": "K"}, "Sample": {"name": "Fe2O3 in boron nitride"}}


def xrf(detector: str, *, xdi: Numbers | None = None, **asked: Any) -> Figure:
    """Return the spectrum of a run that counted once."""
    session = Session()
    uid = session.run(xrf_columns(detector, 1), detectors=[detector], XDI=XRF_XDI if xdi is None else xdi)
    return session.tell(xrf="plot", uid=uid, **asked).figure()


def xrfat(detector: str, energy: Any, **asked: Any) -> Figure:
    """Return the spectra at some energies of a scan."""
    session = Session()
    columns = {"dcm_energy": np.linspace(7000.0, 7300.0, 7), **xrf_columns(detector, 7)}
    uid = session.run(columns, detectors=[detector], XDI=XRF_XDI, BMM_kafka={"filename": "hematite.001"})
    return session.tell(xrfat="start", uid=uid, energy=energy, **asked).figure()


class MissingExampleError(LookupError):
    """A kind has a figure but declares no example of it."""


def example_figures() -> Iterator[tuple[str, Figure]]:
    """Yield the figure of the example that each kind declares."""
    for kind in figure_builders:
        build_example = figure_examples.get(kind)
        if build_example is None:
            raise MissingExampleError(f"{kind}: it has a figure, but no example in `figure_examples`")
        yield f"example-{kind}", draw_example(kind, build_example())


def draw_example(kind: str, example: FigureExample) -> Figure:
    """Return the figure of an example's session."""
    session = Session()
    for message in example.messages:
        session.tell(**message)
    if example.columns:
        session.run(dict(example.columns), **example.run_start)
    return session.figure(kind)


def manual_figures() -> Iterator[tuple[str, Figure]]:
    """Yield the figures that the manual's pages of messages show: `manual-<kind>` in place of a kind's example."""
    yield "manual-xafsscan", xafs("fluorescence", detector="4-element SDD")
    yield "manual-xafs_sequence", merged_sequence(4)
    yield "manual-areascan", area("If", contour=True)
    yield "manual-align_wheel", align_wheel("summary")
    yield "manual-glancing_angle", glancing("summary")
    yield from example_figures()


def find_slot_screens() -> Iterator[tuple[str, Figure]]:
    """Yield what is on show while a slot is searched for."""
    session = Session().tell(align_wheel="start")
    for motor, center in (("xafs_y", 114.02), ("xafs_x", 160.41)):
        session.tell(linescan="start", motor=motor, detector="it")
        session.run(line_columns(motor), motors=[motor])
        session.tell(linescan="stop").tell(close="last")
        session.tell(align_wheel="find_slot", **found_slot(motor, center, 1.5))
    session.tell(close="all").tell(align_wheel="stop")
    for number, figure in enumerate([build_figure(session.board, scan) for scan in list_shown_scans(session.board)]):
        yield f"plan-find_slot-on-show-{number}", figure


def figures() -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of each picture."""
    for mode in ("transmission", "reference", "test", "xs1", "pilatus", "eiger", "yield"):
        yield f"xafs-{mode}", xafs(mode, detector="1-element SDD" if mode == "xs1" else None)
    for detector in SDD:
        mode = "dante" if detector == "Dante" else "fluorescence"
        yield f"xafs-fluorescence-{detector}", xafs(mode, detector=detector)
    yield "xafs-fluorescence-each-channel", xafs("fluorescence", detector="7-element SDD", separate_channels=True)
    yield "xafs-twelve-repetitions", xafs("transmission", 12)
    yield (
        "xafs-before-first-point",
        Session()
        .tell(xafsscan="start", element="Fe", edge="K", mode="fluorescence", filename="f", repetitions=3)
        .figure(),
    )
    yield "sequence-merge-of-3", merged_sequence(4)
    yield "sequence-first", merged_sequence(2)
    start = {"xafs_sequence": "start", "element": "Fe", "edge": "K", "mode": "transmission"}
    yield "sequence-waiting", Session().tell(**start, folder="/x", repetitions=3).figure()
    for mode in ("fluorescence", "yield", "reference"):
        yield f"sequence-{mode}-ended", merged_sequence(3, mode, ended=True)
    yield "sequence-short", merged_sequence(3, points=90)
    yield from _lines()
    yield from _maps()
    yield from _alignments()
    yield from _spectra()
    yield from find_slot_screens()
    yield from example_figures()


def _lines() -> Iterator[tuple[str, Figure]]:
    for detector in ("It", "I0", "Ir", "Iy", "Test", "Ic0", "Ic1", "Pilatus", "Eiger", "Bicron", "unknown_key"):
        yield f"linescan-{detector}", linescan(detector)
    for detector in SDD:
        name = "Dante" if detector == "Dante" else "Xs"
        yield f"linescan-fluorescence-{detector}", linescan(name, detector)
        yield f"linescan-stacked-{detector}", linescan(name, detector, stack=True)
    yield "linescan-Xs1", linescan("Xs1", "1-element SDD")
    yield "linescan-each-channel", linescan("Xs", "7-element SDD", separate_channels=True)
    yield "linescan-stacked-each-channel", linescan("Xs", "4-element SDD", separate_channels=True, stack=True)
    yield "linescan-against-time", linescan("It", motor=None)
    yield "linescan-no-channels", linescan("Xs")
    for detector in ("It", "I0", "Ir", "Iy", "Test", "Ic1"):
        yield f"timescan-{detector}", timescan(detector)


def _maps() -> Iterator[tuple[str, Figure]]:
    for detector in SDD:
        yield f"areascan-{detector}-live", area("Dante" if detector == "Dante" else "Xs", detector, points=1500)
    for detector in ("if", "It", "I0", "Ir", "Iy", "noisy_det", "Pilatus", "Eiger"):
        yield f"areascan-{detector}", area(detector)
    yield "areascan-snake-live", area("If", points=1525, snake=True)
    yield "areascan-contour", area("If", contour=True)
    yield "areascan-contour-log", area("If", contour=True, log=True)
    yield "areascan-contour-aborted", area("If", points=1400, contour=True)
    yield "areascan-log", area("If", log=True)
    yield "areascan-surplus", area("If", surplus=3)
    yield "areascan-each-channel", area("If", separate_channels=True)
    yield "areascan-empty", Session().tell(**MAP, detector="It").figure()


def _alignments() -> Iterator[tuple[str, Figure]]:
    for stage in ("y", "x", "summary"):
        yield f"align_wheel-{stage}", align_wheel(stage)
    for stage in ("linear", "pitch", "fluo", "summary"):
        yield f"glancing_angle-{stage}", glancing(stage)
    for name in FITTED:
        yield f"fit-{name}", ask_fit(Session(), name, "xafs_x").figure()
    yield "fit-awaited", Session().tell(**FITTED["step"][0], motor_name="xafs_x", uid="0a1b2c3d-4e5f").figure()
    spinner = [("step", "xafs_y", {}), ("peak", "xafs_pitch", {"signal": "It", "spinner": 3}),
               ("peak", "xafs_x", {"signal": "If", "spinner": 3})]  # fmt: skip
    yield "fit-glancing_angle-summary", fitted_summary("glancing_angle", spinner)
    yield "fit-glancing_angle-aborted", fitted_summary("glancing_angle", spinner[:1])
    slots = [("rectangle", "xafs_y", {}), ("rectangle", "xafs_linx", {})]
    yield "fit-align_wheel-summary", fitted_summary("align_wheel", slots)
    yield "wafer-edge", wafer()
    yield "mono_calibration-111", calibration("111", 1.0)
    yield "mono_calibration-311-no-errors", calibration("311", None)


def _spectra() -> Iterator[tuple[str, Figure]]:
    for detector in SDD:
        yield f"xrf-{detector}-sum", xrf(detector)
        yield f"xrf-{detector}-each", xrf(detector, add=False)
        yield f"xrfat-{detector}-last", xrfat(detector, [-1])
    yield "xrf-7-element SDD-channel-7", xrf("7-element SDD", only=7)
    yield "xrf-no-such-channel", xrf("4-element SDD", only=7)
    yield "xrf-no-XDI", xrf("4-element SDD", xdi={})
    for edge in ("L3", "L2", "L1"):
        yield f"xrf-Pt-{edge}", xrf("4-element SDD", xdi={"Element": {"symbol": "Pt", "edge": edge}})
    yield "xrf-waiting-for-catalog", Session().tell(xrf="plot", uid="0a1b2c3d-4e5f").figure()
    yield "xrfat-three-energies", xrfat("7-element SDD", [7000.0, 7110.0, 7300.0])
    yield "xrfat-indices", xrfat("4-element SDD", [0, 3, -1])
    yield "xrfat-each-channel", xrfat("4-element SDD", [-1], add=False)
    yield "xrfat-one-channel", xrfat("7-element SDD", [7112.0], only=2, xmax=400)


def choose_figures(options: argparse.Namespace) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the manual, all figures, or quickly the examples alone where no other can have the name."""
    if options.manual:
        return manual_figures()
    return example_figures() if options.only.startswith("example-") else figures()


def main() -> int:
    """Write all pictures and the page that shows them."""
    parser = argparse.ArgumentParser(description="Every figure as a picture, and a page that shows them.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--only", default="", help="pictures whose name contains this")
    parser.add_argument("--manual", action="store_true", help="only the figures of the manual")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    entries: list[str] = []
    if importlib.util.find_spec("larch"):
        _routers.append(AnalysisRouter(Reducer(), Fitter(), Reducer(starts_warm=False)))
        _routers[0].start()
    for name, figure in choose_figures(options):
        if options.only not in name:
            continue
        file = f"{name.replace(' ', '_')}.png"
        (options.output / file).write_bytes(render_picture(figure, dots_per_inch=80))
        entries.append(f'<figure><img src="{file}" loading="lazy" alt=""><figcaption>{html.escape(name)}</figcaption>')
    page = "<!doctype html><meta charset='utf-8'><title>Gallery</title><style>figure{display:inline-block;margin:8px}"
    page += "img{max-width:560px}figcaption{font-family:sans-serif}</style>" + "</figure>\n".join(entries) + "</figure>"
    (options.output / "index.html").write_text(page, encoding="utf-8")
    for router in _routers:
        router.close()
    sys.stdout.write(f"{len(entries)} pictures in {options.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
