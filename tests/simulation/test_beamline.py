"""Check documents of a simulated session: valid, as complete as real ones, physically right, the same on Kafka."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from helpers.kafka_records import open_source, read_records
from xafs_workers import wire
from xafs_workers.elements import K_SQUARED_PER_EV
from xafs_workers.messages.documents import check_document
from xafs_workers.producer.kafka_config import KafkaConfig
from xafs_workers.simulation import beamline as module
from xafs_workers.simulation import plans
from xafs_workers.simulation.axes import BASELINE
from xafs_workers.simulation.beam import IR_RESPONSE, IT_RESPONSE, compute_charge_noise, compute_solid_angles
from xafs_workers.simulation.beamline import SLOT_POSITION, Beamline, SimulationSetup, create_kafka_publisher
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.samples import REFERENCES, SAMPLES
from xafs_workers.simulation.spectra import compute_edge_position, compute_mu_t

pytestmark = pytest.mark.slow


SHORT = {"bounds": "-20 0 40", "steps": "10 20", "times": "0.5 0.25"}

Documents = list[tuple[str, dict[str, Any]]]


@dataclass
class Run:
    """Documents of one run."""

    start: dict[str, Any]
    descriptors: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    stop: dict[str, Any] = field(default_factory=dict)

    def column(self, key: str) -> np.ndarray:
        return np.array([event["data"][key] for event in self.events["primary"]])

    @property
    def keys(self) -> set[str]:
        return set(self.descriptors["primary"]["data_keys"])


def runs(documents: Documents) -> list[Run]:
    found: list[Run] = []
    streams: dict[str, str] = {}
    for name, doc in documents:
        if name == "start":
            found.append(Run(doc))
        elif name == "descriptor":
            found[-1].descriptors[doc["name"]] = doc
            streams[doc["uid"]] = doc["name"]
        elif name == "event":
            found[-1].events.setdefault(streams[doc["descriptor"]], []).append(doc)
        elif name == "stop":
            found[-1].stop = doc
    return found


def session(*steps: Callable[[Beamline], Any], seed: int = 0) -> Documents:
    """Return the documents of a session; each step is a plan or another action on the beamline."""
    documents: Documents = []
    surroundings = SimulationSetup(
        lambda message: None, lambda name, doc: documents.append((name, doc)), "/proposals", seed=seed
    )
    with Beamline(surroundings) as beamline:
        for step in steps:
            plan = step(beamline)
            if plan is not None:
                beamline.run(plan)
    return documents


def mount(*args: Any, **kwargs: Any) -> Callable[[Beamline], None]:
    return lambda beamline: beamline.mount(*args, **kwargs)


def scan(*args: Any, **kwargs: Any) -> Callable[[Beamline], Any]:
    return lambda beamline: plans.measure_xafs(beamline, plans.XafsParameters(*args, **{**SHORT, **kwargs}))


def line(*args: Any, **kwargs: Any) -> Callable[[Beamline], Any]:
    return lambda beamline: plans.measure_linescan(beamline, *args, **kwargs)


@pytest.fixture(scope="module")
def documents() -> Documents:
    """Return the documents of one session that contains every kind of scan."""
    return session(
        scan("iron", repetitions=2),
        line("xafs_x", "It", (-9.0, 9.0, 37)),
        line("xafs_y", "It", (-4.0, 4.0, 33)),
        line("dcm_pitch", "I0", (-0.15, 0.15, 31)),
        mount("Fe2O3", "4-element SDD"),
        scan("hematite", "fluorescence", repetitions=1),
        line("xafs_y", "If", (-4.0, 4.0, 21), stack=True),
        mount("Fe foil", "1-element SDD"),
        scan("foil", "fluorescence", repetitions=1),
        mount("NiO", "7-element SDD", electron_yield=True),
        scan("nio", "yield", repetitions=1),
        mount("NiO"),
        scan("nickel", "reference", repetitions=1),
        scan("dark", "test", repetitions=1),
        lambda beamline: plans.measure_timescan(beamline, "It", 5, 0.2),
    )


@pytest.fixture(scope="module")
def made(documents: Documents) -> list[Run]:
    return runs(documents)


def named(made: list[Run], beginning: str) -> list[Run]:
    return [run for run in made if run.start["plan_name"].startswith(beginning)]


def test_all_documents_are_valid(documents: Documents) -> None:
    assert {name for name, _ in documents} == {"start", "descriptor", "event", "stop"}
    for name, doc in documents:
        schema_validators[DocumentNames[name]].validate(doc)
        check_document(name, doc)
        json.dumps(doc)


def test_runs_are_complete(made: list[Run]) -> None:
    assert len(made) == 12
    assert [run.start["scan_id"] for run in made] == list(range(1, 13))
    for run in made:
        assert run.stop["exit_status"] == "success"
        assert run.stop["num_events"] == {"baseline": 2, "primary": run.start["num_points"]}
        assert len(run.events["primary"]) == run.start["num_points"]
        assert [event["seq_num"] for event in run.events["primary"]] == list(range(1, run.start["num_points"] + 1))


CHAMBERS = {"I0", "It", "Ir"}
ENERGY = {"dcm_energy", "dcm_energy_setpoint", "dwti_dwell_time", "dwti_dwell_time_setpoint"}


@pytest.mark.parametrize(
    ("plan_name", "keys", "detectors"),
    [
        ("scan_nd xafs transmission", CHAMBERS | ENERGY, ["quadem1", "Ic0", "Ic1"]),
        ("scan_nd xafs reference", CHAMBERS | ENERGY, ["quadem1", "Ic0", "Ic1"]),
        ("scan_nd xafs test", CHAMBERS | ENERGY, ["quadem1", "Ic0", "Ic1"]),
        (
            "scan_nd xafs yield + fluorescence",
            CHAMBERS | ENERGY | {"Iy"} | {f"Ni{n}" for n in range(1, 8)},
            ["quadem1", "Ic0", "Ic1", "7-element SDD"],
        ),
        ("rel_scan linescan xafs_x It", CHAMBERS | {"xafs_x", "xafs_x_user_setpoint"}, ["quadem1", "Ic0", "Ic1"]),
        (
            "rel_scan linescan xafs_y If",
            CHAMBERS | {"xafs_y", "xafs_y_user_setpoint"} | {f"Fe{n}" for n in range(1, 5)},
            ["quadem1", "Ic0", "Ic1", "4-element SDD"],
        ),
        (
            "count measurement It",
            CHAMBERS | {"dwti_dwell_time", "dwti_dwell_time_setpoint"},
            ["quadem1", "Ic0", "Ic1", "dwti_dwell_time"],
        ),
    ],
)
def test_runs_have_the_expected_columns_and_detectors(
    made: list[Run], plan_name: str, keys: set[str], detectors: list[str]
) -> None:
    for run in named(made, plan_name):
        assert run.keys == keys
        assert run.start["detectors"] == detectors
    assert named(made, plan_name)


def test_fluorescence_columns_follow_element_and_detector(made: list[Run]) -> None:
    oxide, foil = named(made, "scan_nd xafs fluorescence")
    assert oxide.keys == CHAMBERS | ENERGY | {"Fe1", "Fe2", "Fe3", "Fe4"}
    assert foil.keys == CHAMBERS | ENERGY | {"Fe8"}
    for run, columns in ((oxide, ["Fe1", "Fe2", "Fe3", "Fe4"]), (foil, ["Fe8"])):
        assert run.start["XDI"]["_dtc"] == columns
        assert run.start["BMM_kafka"]["hint"] == "xafs xs"
        assert run.descriptors["primary"]["object_keys"][run.start["detectors"][-1]] == columns


def test_the_baseline_is_read_at_both_ends(made: list[Run]) -> None:
    for run in made:
        keys = run.descriptors["baseline"]["data_keys"]
        assert set(BASELINE) <= set(keys)
        assert "dcm_roll" in keys
        assert "dcm_energy" not in keys
    begin, end = (event["data"]["xafs_x"] for event in named(made, "rel_scan linescan xafs_x")[0].events["baseline"])
    assert begin == SLOT_POSITION[0]
    assert end == pytest.approx(SLOT_POSITION[0] + 9.0)  # the motor goes back when the run is closed


XDI = {
    "Beamline": {"name", "collimation", "xray_source", "focusing", "harmonic_rejection", "software"},
    "Detector": {"I0", "It", "Ir"},
    "Element": {"edge", "symbol", "reference", "reference_material"},
    "Facility": {"name", "energy", "current", "mode", "cycle", "GUP", "SAF"},
    "Mono": {
        "name",
        "d_spacing",
        "encoder_resolution",
        "angle_offset",
        "direction",
        "scan_type",
        "scan_mode",
    },
    "Sample": {"name", "prep", "x", "y", "SDD_position", "wheel_slot", "wheel_ring"},
    "Scan": {"edge_energy", "experimenters"},
    "Column": set(),
}
SINGLE = {"_comment", "_mode", "_kind", "_dtc", "_pccenergy", "_filename", "_snapshots", "_user"}


def test_start_documents_of_xafs_are_complete(made: list[Run]) -> None:
    found = named(made, "scan_nd xafs")
    assert len(found) == 7
    for run in found:
        start, xdi = run.start, run.start["XDI"]
        assert start["motors"] == ["dcm_energy", "dwti_dwell_time"]
        assert start["data_session"] == "pass-123456"
        assert start["cycle"] == xdi["Facility"]["cycle"] == "2026-3"
        assert set(start["BMM_kafka"]) == {"hint", "filename", "folder", "element", "edge", "repetitions", "count"}
        assert start["BMM_kafka"]["hint"].startswith("xafs ")
        assert set(xdi) == {*XDI, *SINGLE}
        for family, fields in XDI.items():
            assert fields <= set(xdi[family]), family
        assert xdi["_filename"] == f"{start['BMM_kafka']['filename']}.{start['BMM_kafka']['count']:03d}"
        assert float(xdi["Sample"]["x"]) == pytest.approx(SLOT_POSITION[0])
    assert [run.start["BMM_kafka"]["count"] for run in found[:2]] == [1, 2]
    assert "yield" in found[4].start["XDI"]["Detector"]
    assert {"fluorescence", "deadtime_correction"} <= set(found[2].start["XDI"]["Detector"])


def test_line_and_time_scans_have_short_start_documents(made: list[Run]) -> None:
    start = named(made, "rel_scan linescan dcm_pitch I0")[0].start
    assert start["XDI"] == {"Facility": {"GUP": 123456, "SAF": 654321}}
    assert start["BMM_kafka"] == {"hint": "linescan I0 dcm_pitch"}
    assert list(start["motors"]) == ["dcm_pitch"]
    counted = named(made, "count measurement It")[0].start
    assert counted["BMM_kafka"] == {"hint": "timescan It"}
    assert counted["XDI"]["Scan"]["dwell_time"] == 0.2


@pytest.mark.parametrize(
    ("recording", "plan_name"),
    [("ni2o3.jsonl", "scan_nd xafs transmission"), ("cr2o3_fluo.jsonl", "scan_nd xafs fluorescence")],
)
def test_measured_start_documents_have_no_other_keys(
    measured: Path, made: list[Run], recording: str, plan_name: str
) -> None:
    with (measured / recording).open() as lines:
        real = runs([tuple(json.loads(text)) for text in lines])[0]  # type: ignore[misc]
    ours = named(made, plan_name)[0]
    assert real.start["plan_name"] == ours.start["plan_name"]
    assert real.start["BMM_kafka"]["hint"] == ours.start["BMM_kafka"]["hint"]
    missing = [
        path
        for path, _ in _leaves(real.start)
        if not _has(ours.start, path) and path[:1] not in (("versions",), ("plan_args",))
    ]
    assert missing == []
    for stream in ("baseline", "primary"):
        columns = {_generic(key) for key in real.descriptors[stream]["data_keys"]}
        assert columns <= {_generic(key) for key in ours.descriptors[stream]["data_keys"]}


def _leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, dict) or not value:
        return [(path, value)]
    return [leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))]


def _has(value: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def _generic(key: str) -> str:
    return key.replace("Cr", "Fe")


def test_transmission_matches_the_absorption_within_noise() -> None:
    run = runs(session(scan("iron", repetitions=1, bounds="-150 -20 40 10k", steps="10 1 0.1k", times="0.5 0.5 0.5")))[
        0
    ]
    energy, dwell = run.column("dcm_energy"), run.column("dwti_dwell_time")
    i0, it, ir = (run.column(key) for key in ("I0", "It", "Ir"))
    iron = SAMPLES["Fe foil"]
    for above, below, response in ((i0, it, IT_RESPONSE), (it, ir, IR_RESPONSE)):
        noise = [
            np.hypot(*(compute_charge_noise(np.array([a, b]), e, t) / (a, b)))
            for a, b, e, t in zip(above, below, energy, dwell, strict=True)
        ]
        off = np.log(above / below) + np.log(response) - compute_mu_t(iron, energy)
        assert np.std(off / noise) == pytest.approx(1.0, abs=0.25)
        assert np.max(np.abs(off / noise)) < 5
        assert 0 < np.max(np.abs(off)) < 5e-3


def test_the_edges_of_sample_and_foil_are_at_their_energies() -> None:
    options = {"bounds": "-30 40", "steps": "0.5", "times": "2", "repetitions": 1}
    run = runs(session(mount("NiO", "4-element SDD"), scan("nio", "fluorescence", **options)))[0]
    energy = run.column("dcm_energy")
    counts = sum(run.column(f"Ni{channel}") for channel in (1, 2, 3, 4)) / run.column("I0")
    spectra = {
        "NiO": np.log(run.column("I0") / run.column("It")),
        "fluorescence": counts,
        "foil": np.log(run.column("It") / run.column("Ir")),
    }
    steepest = {name: energy[np.argmax(np.gradient(mu, energy))] for name, mu in spectra.items()}
    assert steepest["foil"] == pytest.approx(compute_edge_position(REFERENCES["Ni"]), abs=1.0)
    assert steepest["NiO"] == pytest.approx(compute_edge_position(SAMPLES["NiO"]), abs=2.0)
    assert steepest["NiO"] > steepest["foil"] + 1.0
    assert steepest["fluorescence"] == pytest.approx(steepest["NiO"], abs=1.5)


@pytest.mark.parametrize("longer", [0.0, 0.3])
def test_the_paths_of_a_sample_are_recovered_from_a_scan(monkeypatch: pytest.MonkeyPatch, longer: float) -> None:
    """Fit the background and Fourier transform: the first peak lies below the first path's distance."""
    first = SAMPLES["Cu foil"].paths[0]
    sample = replace(SAMPLES["Cu foil"], paths=(replace(first, distance=first.distance + longer),))
    monkeypatch.setattr(module, "SAMPLES", {**SAMPLES, "stretched": replace(sample, name="stretched")})
    grid = {"bounds": "-150 -20 30 13k", "steps": "10 2 0.05k", "times": "1 1 1"}
    run = runs(session(mount("stretched"), scan("cu", repetitions=1, **grid)))[0]
    mu = np.log(run.column("I0") / run.column("It"))
    k = np.sqrt(K_SQUARED_PER_EV * np.maximum(run.column("dcm_energy") - compute_edge_position(sample), 0.0))
    inside = k > 3.0
    k, mu = k[inside], mu[inside]
    chi = mu - np.polyval(np.polyfit(k, mu, 4), k)
    r = np.arange(1.2, 4.0, 0.01)
    size = np.abs(np.trapezoid(np.exp(2j * np.outer(r, k)) * chi * k**2 * np.hanning(k.size), k))
    distance = first.distance + longer
    assert 0.2 < distance - r[np.argmax(size)] < 0.55


def half_width(position: np.ndarray, signal: np.ndarray) -> tuple[float, float]:
    """Compute centre and width of the range in which a signal is above half of its maximum."""
    above = position[signal > 0.5 * signal.max()]
    return float(above.mean()), float(np.ptp(above))


@pytest.mark.parametrize(
    ("motor", "centre", "width"), [("xafs_x", SLOT_POSITION[0], 12.0), ("xafs_y", SLOT_POSITION[1], 3.5)]
)
def test_line_scans_show_the_slot(made: list[Run], motor: str, centre: float, width: float) -> None:
    run = named(made, f"rel_scan linescan {motor} It")[0]
    signal, position = run.column("It") / run.column("I0"), run.column(motor)
    seen, size = half_width(position, signal)
    step = float(np.diff(position)[0])
    assert seen == pytest.approx(centre, abs=step)
    assert size == pytest.approx(width, abs=2 * step)
    assert signal[0] < 0.02 * signal.max()
    soft = (signal > 0.1 * signal.max()) & (signal < 0.9 * signal.max())
    assert soft.sum() >= 2
    flat = run.column("I0")
    assert np.std(flat) < 0.01 * flat.mean()


def test_each_channel_shows_fluorescence_through_the_slot(made: list[Run]) -> None:
    run = named(made, "rel_scan linescan xafs_y If")[0]
    channels = [run.column(f"Fe{channel}") for channel in (1, 2, 3, 4)]
    centre, _ = half_width(run.column("xafs_y"), sum(channels))
    assert centre == pytest.approx(SLOT_POSITION[1], abs=0.4)
    sizes = np.array([counts.sum() for counts in channels])
    np.testing.assert_allclose(sizes / sizes.sum(), compute_solid_angles((1, 2, 3, 4)), rtol=0.05)


def test_the_rocking_curve_is_a_peak_of_i0(made: list[Run]) -> None:
    run = named(made, "rel_scan linescan dcm_pitch")[0]
    i0, pitch = run.column("I0"), run.column("dcm_pitch")
    assert 14 <= np.argmax(i0) <= 16
    assert i0[0] < 0.01 * i0.max() > i0[-1]
    _, width = half_width(pitch, i0)
    assert 0.03 < width < 0.08


def test_noise_falls_with_the_square_root_of_counting_time() -> None:
    timescans = [lambda b, dwell=dwell: plans.measure_timescan(b, "It", 150, dwell) for dwell in (0.1, 2.5)]
    spread = [
        np.std(np.diff(np.log(run.column("I0") / run.column("It")))) / np.sqrt(2) for run in runs(session(*timescans))
    ]
    assert spread[0] / spread[1] == pytest.approx(5.0, rel=0.3)


def data(documents: Documents) -> list[dict[str, Any]]:
    return [doc["data"] for name, doc in documents if name == "event"]


def test_equal_seeds_give_equal_sessions() -> None:
    steps = (scan("iron", repetitions=1), mount("NiO", "4-element SDD"), scan("nio", "fluorescence", repetitions=1))
    assert data(session(*steps, seed=5)) == data(session(*steps, seed=5))
    assert data(session(*steps, seed=5)) != data(session(*steps, seed=6))


def test_a_repeated_measurement_has_new_noise() -> None:
    steps = (mount("NiO"), scan("a", repetitions=2), mount("NiO"), scan("b", repetitions=1))
    currents = [run.column("It").tolist() for run in runs(session(*steps))]
    assert len({tuple(values) for values in currents}) == 3


def test_an_unknown_sample_or_detector_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown sample 'Unobtainium' \(expected one of Cr foil"):
        session(mount("Unobtainium"))
    with pytest.raises(
        ValueError, match=r"unknown fluorescence detector '5-element SDD' \(expected one of 1-element SDD"
    ):
        session(mount("NiO", "5-element SDD"))


def test_closing_ends_the_thread_and_can_be_repeated() -> None:
    beamline = Beamline(SimulationSetup(lambda message: None, lambda name, doc: None, "/proposals"))
    thread = beamline.engine._th
    assert thread.is_alive()
    beamline.close()
    assert not thread.is_alive()
    beamline.close()


def test_documents_are_read_back_from_kafka(embedded_broker: EmbeddedBroker) -> None:
    topic = "simulation.documents"
    embedded_broker.create_topic(topic)
    sent: Documents = []
    publisher = create_kafka_publisher(embedded_broker.bootstrap_servers, topic, {"linger.ms": 0})

    def publish(name: str, doc: dict[str, Any]) -> None:
        sent.append((name, doc))
        publisher(name, doc)

    with Beamline(SimulationSetup(lambda message: None, publish, "/proposals")) as beamline:
        beamline.mount("NiO", "4-element SDD")
        beamline.run(plans.measure_xafs(beamline, plans.XafsParameters("nio", "fluorescence", 1, **SHORT)))
    publisher.flush()
    with open_source(KafkaConfig(embedded_broker.bootstrap_servers), topic) as source:
        source.assign(dict.fromkeys(source.metadata.list_partitions(), 0))
        came = read_records(source, len(sent))
    assert len({(record.key, record.position.partition) for record in came}) == 1
    back = [wire.decode(record.value) for record in came]
    assert json.loads(json.dumps(back)) == json.loads(json.dumps(sent))
