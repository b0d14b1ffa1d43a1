"""Suggestions for sessions that are made up: what is proven is set, all else is a question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from helpers.stock_runs import make_stock_run
from helpers.streams import stamp_entries
from xafs_workers.diagnostics.adoption.adoption import Adoption, adopt
from xafs_workers.diagnostics.adoption.config_text import render_config
from xafs_workers.diagnostics.adoption.report import render_table
from xafs_workers.diagnostics.adoption.suggestion import Suggestion
from xafs_workers.diagnostics.adoption.trial import SessionData
from xafs_workers.scans.items import Document
from xafs_workers.settings import RecordedDocuments, Settings, Sources

ENERGY = np.array([*np.arange(7000.0, 7100.0, 5.0), *np.arange(7100.0, 7150.0, 1.0), *np.arange(7150.0, 7400.0, 5.0)])
RECORDED = Settings(profile="plain", sources=Sources(recording=RecordedDocuments(file=Path("session.jsonl"))))
STEP = 1 / (1 + np.exp((7112.0 - ENERGY) / 2))
WAVE = 1e-3 * np.sin(7.0 * np.arange(len(ENERGY)))
I0 = 1e5 * (1 + 0.01 * WAVE)


def make_session(columns: dict[str, Any], units: dict[str, str] | None = None, **start: Any) -> SessionData:
    named = {"element": "Fe", "edge": "K", "num_points": len(ENERGY), "motors": ["mono"], **start}
    dimension = next(key for key in columns if "mono" in key or "energy" in key)
    devices: dict[str, list[str]] = {}
    for key in columns:
        devices.setdefault(key.partition("_")[0], []).append(key)
    values = {key: np.asarray(column).tolist() for key, column in columns.items()}
    run = make_stock_run(values, dimensions=[[dimension]], devices=devices, **named)
    for name, body in run:
        if name == "descriptor" and body["name"] == "primary":
            for key, unit in (units or {}).items():
                body["data_keys"][key]["units"] = unit
    documents = tuple(item for item in stamp_entries(run) if isinstance(item, Document))
    return SessionData(documents, (), "a test")


def suggest(columns: dict[str, Any], units: dict[str, str] | None = None, **start: Any) -> Adoption:
    return adopt(make_session(columns, units, **start), RECORDED, None)


def get_suggestion(found: Adoption, setting: str) -> Suggestion:
    return next(suggestion for suggestion in found.suggestions if suggestion.setting == setting)


def make_columns(**more: Any) -> dict[str, Any]:
    return {"mono": ENERGY, "i0": I0, "it": I0 * np.exp(-0.5 - STEP + WAVE), **more}


def test_transmission_is_proven_and_set() -> None:
    found = suggest(make_columns(), {"mono": "eV"})
    assert found.settings["columns"] == {"energy": "mono", "i0": "i0", "it": "it"}
    assert "has a step of" in get_suggestion(found, "columns.it").reason


def test_name_that_fails_the_proof_is_a_question() -> None:
    found = suggest(make_columns(ir=I0 * (1 + WAVE)), {"mono": "eV"})
    question = get_suggestion(found, "columns.ir")
    assert question.is_question
    assert "ir" not in found.settings["columns"]
    assert "? ir" not in render_config(found.suggestions, [])
    assert "# ir: ir" in render_config(found.suggestions, [])


def test_chambers_of_another_name_are_a_question() -> None:
    columns = {"mono": ENERGY, "front": I0, "back": I0 * np.exp(-STEP)}
    question = get_suggestion(suggest(columns, {"mono": "eV"}), "columns.i0")
    assert (question.is_question, question.others) == (True, ("front", "back"))


def test_region_with_the_largest_step_is_the_detector() -> None:
    lines = {
        f"sdd_ch{channel}_roi{region}": 50.0 + I0 * (height * STEP + WAVE) / 100
        for channel in (1, 2)
        for region, height in ((1, 0.1), (2, 2.0), (3, 0.0))
    }
    found = suggest({"mono": ENERGY, "i0": I0, **lines}, {"mono": "eV"})
    table = found.settings["detectors"]["table"]
    assert list(table.values()) == [{"channels": [1, 2], "column": "sdd_ch{channel}_roi2"}]


def test_unit_that_no_document_names_is_found_by_the_edge() -> None:
    found = suggest({"energy": ENERGY / 1000, "i0": I0, "it": I0 * np.exp(-STEP + WAVE)})
    assert found.settings["columns"]["units"] == {"energy": "keV"}


def test_energies_without_unit_and_edge_are_missing() -> None:
    found = suggest({"energy": ENERGY, "i0": I0}, element="", edge="")
    assert "energy" not in found.settings.get("columns", {})


def test_edge_without_energies_is_missing() -> None:
    columns = {"mono_linear": np.linspace(0, 1, len(ENERGY)), "i0": I0, "it": I0}
    found = suggest(columns, {"mono_linear": "mm"})
    assert len(found.missing) == 1
    assert "no energy axis" in found.missing[0]
    assert get_suggestion(found, "columns.energy").others == ("mono_linear",)


@pytest.mark.parametrize("key", ["angle_bragg", "mono_theta"])
def test_angle_with_a_d_spacing_is_an_energy(key: str) -> None:
    angles = np.degrees(np.arcsin(12398.42 / (2 * 3.1356 * ENERGY)))
    columns = {key if "mono" in key else f"mono_{key}": angles, "i0": I0, "it": I0 * np.exp(-STEP + WAVE)}
    name = next(iter(columns))
    found = suggest(columns, {name: "deg"}, d_spacing=3.1356)
    assert found.settings["columns"]["bragg"] == name
    assert get_suggestion(found, "metadata.d_spacing").is_default


def test_dwell_time_is_no_clock() -> None:
    n = len(ENERGY)
    columns = make_columns(time_of_day=np.arange(n) + 10.0, count_time=np.full(n, 0.5), exposure_setpoint=np.ones(n))
    found = suggest(columns, {"mono": "eV", "time_of_day": "s", "count_time": "s", "exposure_setpoint": "s"})
    assert found.settings["columns"]["dwell_time"] == "count_time"


@pytest.mark.parametrize(
    ("start", "path", "expected"),
    [
        ({"element": None, "md": {"absorber": "Fe"}}, ("metadata", "element"), "md.absorber"),
        ({"sample_label": "rust"}, ("metadata", "sample"), "sample_label"),
        ({"mono_d_spacing": 3.1356}, ("metadata", "d_spacing"), "mono_d_spacing"),
        ({"proposal_id": "GUP-1"}, ("storage", "session_keys"), "proposal_id"),
    ],
)
def test_metadata_of_other_names_are_found(start: dict[str, Any], path: tuple[str, str], expected: str) -> None:
    found = suggest(make_columns(), {"mono": "eV"}, **start)
    assert found.settings[path[0]][path[1]][0] == expected


def test_written_file_is_what_is_suggestd() -> None:
    found = suggest(make_columns(), {"mono": "eV", "i0": "zork"}, proposal_id="1")
    text = render_config(found.suggestions, ["heading"])
    assert yaml.safe_load(text) == found.settings
    assert all(len(line) <= 110 for line in text.splitlines())
    assert "'zork' is no known unit" in get_suggestion(found, "columns.units.i0").reason


def test_file_with_questions_alone_is_read() -> None:
    text = render_config([Suggestion(("columns", "i0"), None, "which?", is_question=True)], [])
    assert yaml.safe_load(text) == {"profile": "plain"}


def test_table_fits_80_columns() -> None:
    found = suggest(make_columns(**{"long_" * 12 + "name": I0}), {"mono": "eV"})
    lines = render_table(found.suggestions).splitlines()
    assert max(map(len, lines)) <= 80
    for suggestion in found.suggestions:
        assert any(line[2:].startswith(suggestion.setting) for line in lines), suggestion.setting


def test_hostile_texts_are_no_settings() -> None:
    unit = "\x1b[31mred\u0085profile: bmm\nbeamline: wrong"
    found = suggest(make_columns(), {"mono": "eV", "i0": unit})
    text = render_config(found.suggestions, ["plan\nbeamline: wrong", "\u2028profile: bmm"])
    assert yaml.safe_load(text) == found.settings
    table = render_table(found.suggestions)
    assert text.replace("\n", "").isprintable()
    assert table.replace("\n", "").isprintable()
    assert r"\x1b[31mred" in text


@pytest.mark.parametrize(
    "key", ["mono\nbeamline: wrong", "mono\u0085 x", "mono\u00a0\u202e", "mono: #{x}", "énergie mono"]
)
def test_any_data_key_can_be_written(key: str) -> None:
    found = suggest({key: ENERGY, "i0": I0}, {key: "eV"})
    text = render_config(found.suggestions, [])
    assert yaml.safe_load(text) == found.settings
    assert found.settings["columns"]["energy"] == key


@pytest.mark.parametrize(("count", "points"), [(2, "2 points"), (5, "5 points")])
def test_short_scan_gives_its_range_as_reason(count: int, points: str) -> None:
    columns = {key: np.asarray(column)[:count] for key, column in make_columns().items()}
    (reason,) = suggest(columns, {"mono": "eV"}).missing
    assert (
        f"{points}, mono 7000 to {7000 + 5 * (count - 1)} eV (expected 15 points or more over 30 eV or more)" in reason
    )


def test_beamline_that_is_no_plain_word_is_named() -> None:
    found = adopt(make_session(make_columns(), {"mono": "eV"}, beamline_id="a/b: {x}"), RECORDED, None)
    question = get_suggestion(found, "beamline")
    assert question.is_question
    assert "beamline_id holds 'a/b: {x}' (expected letters" in question.reason


def test_other_samples_are_mentioned() -> None:
    first, second = (make_session(make_columns(), {"mono": "eV"}, sample_name=name) for name in ("a", "b"))
    data = SessionData((*first.documents, *second.documents), (), "a test")
    reason = get_suggestion(adopt(data, RECORDED, None), "metadata.sample").reason
    assert " and other values in 2 of 2 runs" in reason
