"""Profiles: BMM's names by default, none with `plain`; what a file sets replaces the profile's."""

from __future__ import annotations

from pathlib import Path

import pytest

from xafs_workers.configuration import ConfigurationError, load
from xafs_workers.settings import Detectors, Settings
from xafs_workers.settings.profiles import read_profile


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_bmm_is_the_default_profile():
    settings = Settings()
    assert (settings.profile, settings.columns.energy, settings.columns.i0) == ("bmm", "dcm_energy", "I0")
    assert settings.detectors.channels["1-element SDD"] == (8,)
    assert settings.dossiers.cameras[0].files == ("webcam_file",)


def test_plain_has_no_name_of_bmm(tmp_path: Path):
    settings = load(write(tmp_path, "profile: plain\ncolumns: {i0: mon}\n"))
    assert (settings.columns.i0, settings.columns.it, settings.columns.energy) == ("mon", "", "")
    assert settings.columns.units == settings.detectors.channels == settings.storage.root_aliases == {}
    assert settings.dossiers.cameras == settings.columns.downwards == ()
    assert settings.detectors.single_channel is None
    assert settings.goniometer.attenuator_factors == settings.key_store.replies.peak_position == ()
    text = settings.model_dump_json(exclude={"profile": True, "kafka": {"tag"}, "catalog": True})
    assert "bmm" not in text.lower()
    assert settings.get_topic("documents") == "beamline.bluesky.runengine.documents"


def test_mapping_of_the_file_replaces_that_of_the_profile(tmp_path: Path):
    text = "detectors: {channels: {Vortex: [1, 2]}}\ncolumns: {units: {e: keV}}\nstorage: {root_aliases: {}}\n"
    settings = load(write(tmp_path, text))
    assert settings.detectors.channels == {"Vortex": (1, 2)}
    assert settings.columns.units == {"e": "keV"}
    assert settings.storage.root_aliases == {}
    assert settings.columns.i0 == "I0"
    assert settings.storage.cycle_keys == ("cycle", "XDI.Facility.cycle")


def test_environment_selects_the_profile(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XAFS_WORKERS_PROFILE", "plain")
    monkeypatch.setenv("XAFS_WORKERS_COLUMNS__I0", "mon")
    assert Settings().columns.i0 == load().columns.i0 == "mon"
    assert Settings().columns.it == ""


def test_files_without_implied_scans_are_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"scans: .*scans\.from_documents"):
        load(write(tmp_path, "scans: {write: [data]}"))  # BMM's profile has from_documents: false
    assert load(write(tmp_path, "scans: {from_documents: true, write: [data]}")).scans.write == ("data",)


def test_unknown_profile_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"profile: .*'bmm' or 'plain'"):
        load(write(tmp_path, "profile: xas\n"))


def test_whole_section_takes_nothing_from_the_profile():
    assert Settings(detectors=Detectors(single_channel=3)).detectors.channels == {}


def test_profile_sets_only_existing_settings():
    sections = {name: values for name, values in read_profile("bmm").items() if isinstance(values, dict)}
    assert read_profile("bmm").keys() - sections.keys() == {"beamline"}
    for section, values in sections.items():
        assert set(values) <= set(Settings.model_fields[section].annotation.model_fields)  # type: ignore[union-attr]
