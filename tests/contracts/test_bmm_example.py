"""The example configuration of BMM: its names are those of the beamline, and it is complete."""

from __future__ import annotations

from pathlib import Path

from xafs_workers.configuration import load
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder

EXAMPLE = Path(__file__).parents[2] / "docs/examples/bmm.yaml"


def test_topics_and_keys_are_those_of_the_beamline() -> None:
    settings = load(EXAMPLE)
    assert settings.get_topic("control") == "bmm.test"
    assert settings.get_topic("documents") == "bmm.bluesky.runengine.documents"
    assert (settings.kafka.tag, settings.kafka.key) == ("bmm", "abcdef")
    assert settings.key_store.replies.peak_position == ("BMM:peak_position", "BMM:peakposition")
    assert [camera.files[0] for camera in settings.dossiers.cameras][-2:] == ["cam8_file", "cam9_file"]


def test_both_names_of_a_proposal_are_one_folder() -> None:
    roots = Roots.from_settings(load(EXAMPLE).storage)
    paths = (f"/nsls2/{disk}/bmm/proposals/2026-1/pass-123456/snapshots" for disk in ("data", "data3"))
    assert {ProposalFolder.from_path(path, roots)[0].path for path in paths} == {
        "/nsls2/data/bmm/proposals/2026-1/pass-123456"
    }


def test_only_what_differs_from_the_defaults_is_set() -> None:
    given, defaults = load(EXAMPLE).model_dump(), Settings().model_dump()
    assert {name for name in given if given[name] != defaults[name]} == {
        *("kafka", "storage", "detectors", "key_store", "catalog", "slack"),
    }
