"""The doctor on paths that the settings name, on units that `install` wrote, and on secrets that viewers lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xafs_workers.diagnostics.doctor import named_paths
from xafs_workers.diagnostics.doctor.finding import Case, Check
from xafs_workers.diagnostics.doctor.named_paths import UNITS, check_named_paths, check_unit
from xafs_workers.diagnostics.doctor.services import check_redis, check_slack, check_tiled
from xafs_workers.install.plan import SYSTEM_UNITS, build_install_plan
from xafs_workers.settings import Settings


def list_findings(check: Check, role: Any, **content: Any) -> list[tuple[str, str]]:
    """Return level and text of each finding of a check."""
    case = Case(Settings.model_validate({"beamline": "b", **content}), role, timeout=0.2)
    findings = list(check(case))
    assert all(finding.remedy for finding in findings if finding.level != "ok")
    return [(finding.level, finding.text) for finding in findings]


def test_missing_copy_sources_are_reported_to_the_file_manager(tmp_path: Path) -> None:
    content = {"storage": {"copy_sources": [str(tmp_path), str(tmp_path / "gone")]}}
    expected = [
        ("ok", f"storage.copy_sources: {tmp_path} can be read"),
        (
            "warning",
            f"storage.copy_sources: {tmp_path}/gone cannot be read (No such file or directory): "
            "nothing is copied from it",
        ),
    ]
    assert list_findings(check_named_paths, "file-manager", **content) == expected
    assert list_findings(check_named_paths, "screen", **content) == []


@pytest.mark.parametrize("role", ["headless", "screen", "web"])
@pytest.mark.parametrize(
    ("content", "level", "words"),
    [("{}", "ok", "can be read"), ("{", "warning", "no JSON"), (None, "warning", "No such file")],
)
def test_the_regions_file_is_read(role: str, content: str | None, level: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "rois.json"
    if content is not None:
        path.write_text(content)
    ((found, text),) = list_findings(check_named_paths, role, detectors={"regions_file": str(path)})
    assert (found, words in text) == (level, True)
    assert list_findings(check_named_paths, role) == []


@pytest.mark.parametrize("role", sorted(UNITS))
def test_a_unit_of_another_proposals_root_is_a_fault(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `install --apply` with the default root, and an edit of the configuration afterwards."""
    monkeypatch.setattr(named_paths, "UNIT_FOLDER", tmp_path / SYSTEM_UNITS.lstrip("/"))
    assert list_findings(check_unit, role) == [], "nothing is installed"
    settings = Settings.model_validate({"storage": {"proposals_root": "/data/our proposals"}})
    for file in build_install_plan(settings, target=tmp_path, account="root"):
        file.write()
    ((level, _),) = list_findings(check_unit, role, storage={"proposals_root": "/data/our proposals"})
    assert level == "ok"
    ((level, text),) = list_findings(check_unit, role, storage={"proposals_root": "/data/other"})
    assert (level, "does not include storage.proposals_root, /data/other" in text) == ("fault", True)


@pytest.mark.parametrize("role", ["screen", "web"])
def test_a_viewer_needs_no_secret(role: str, tmp_path: Path) -> None:
    pytest.importorskip("redis")
    absent = str(tmp_path / "secret")
    assert [level for level, _ in list_findings(check_slack, role, slack={"token_file": absent})] == ["ok"]
    for check, content in (
        (check_redis, {"key_store": {"url": "redis://127.0.0.1:1/0", "password_file": absent}}),
        (check_tiled, {"catalog": {"uri": "http://127.0.0.1:1/api/v1", "api_key_file": absent}}),
    ):
        assert [level for level, _ in list_findings(check, role, **content)] == ["warning"]
        assert [level for level, _ in list_findings(check, "headless", **content)] == ["fault"]
