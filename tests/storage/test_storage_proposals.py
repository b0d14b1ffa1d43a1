"""Which folder a run or a path belongs to, and what its root's aliases are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Root, Roots
from xafs_workers.storage.errors import Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder, build_proposal_path

START: dict[str, Any] = {"uid": "u-1", "data_session": "pass-1"}
OURS = Settings().storage


@pytest.mark.parametrize(
    ("more", "configured", "cycle"),
    [
        ({"cycle": "2026-1", "XDI": {"Facility": {"cycle": "2026-2"}}}, "2026-3", "2026-1"),
        ({"XDI": {"Facility": {"cycle": "2026-2"}}}, "2026-3", "2026-2"),
        ({"cycle": "", "XDI": {"Facility": {"cycle": None}}}, "2026-3", "2026-3"),
        ({"XDI": {"Facility": {"GUP": "1"}}}, "2026-3", "2026-3"),
        ({"XDI": "?"}, "2026-3", "2026-3"),
        ({}, "commissioning", "commissioning"),
        ({"cycle": "2026-1", "XDI": {"Facility": {"commissioning": True}}}, "2026-3", "commissioning"),
        ({"cycle": "2026-1", "XDI": {"Facility": {"commissioning": False}}}, "2026-3", "2026-1"),
    ],
)
def test_the_cycle_is_read_from_run_or_settings(more: dict[str, Any], configured: str, cycle: str) -> None:
    """Line scans have Facility without cycle."""
    folder = build_proposal_path({**START, **more}, Settings(storage={"cycle": configured}).storage)
    assert folder == f"/nsls2/data3/bmm/proposals/{cycle}/pass-1"


@pytest.mark.parametrize(
    ("settings", "start", "folder"),
    [
        (
            {"cycle_keys": ("year",), "session_keys": ("experiment.id",)},
            {"year": "2026", "experiment": {"id": "HC-1"}, "cycle": "2026-1", "data_session": "pass-1"},
            "2026/HC-1",
        ),
        (
            {"session_keys": ("proposal.id", "data_session")},
            {"cycle": "2026-1", "data_session": "pass-1"},
            "2026-1/pass-1",
        ),
        ({"cycle_keys": (), "cycle": "users"}, {"cycle": "2026-1", "data_session": "pass-1"}, "users/pass-1"),
    ],
)
def test_folder_names_of_another_facility_are_configurable(
    settings: dict[str, Any], start: dict[str, Any], folder: str
) -> None:
    assert (
        build_proposal_path(
            {"uid": "u-1", **start}, Settings(storage=dict(proposals_root=Path("/data"), **settings)).storage
        )
        == f"/data/{folder}"
    )


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (START, "no cycle in any of start.cycle, start.XDI.Facility.cycle, the setting storage.cycle"),
        ({"uid": "u-1", "cycle": "2026-1"}, "no data_session"),
        ({**START, "cycle": "../.."}, "cycle: got '../..' (expected"),
        ({**START, "cycle": 2026}, "cycle: got 2026 (expected"),
        ({**START, "cycle": ["2026-1"]}, "cycle: got ['2026-1'] (expected"),
        ({"uid": "u-1", "cycle": "2026-1", "data_session": "pass-1/../pass-2"}, "data_session: "),
        ({"uid": "u-1", "cycle": "2026-1", "data_session": ".."}, "data_session: "),
        ({"uid": "u-1", "cycle": "2026-1", "data_session": {"a": 1}}, "data_session: "),
        ({"uid": "u-1\n", "cycle": "2026-1", "data_session": "a\nb"}, "data_session: "),
    ],
)
def test_a_run_without_a_folder_has_a_reason(start: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        build_proposal_path(start, OURS)
    assert reason in refusal.value.reason
    assert "u-1" in refusal.value.reason
    assert refusal.value.reason.isprintable()


def test_the_folder_of_a_run_is_found(root: Path) -> None:
    storage = Settings(storage={"proposals_root": root, "cycle": "2026-3"}).storage
    folder = ProposalFolder.from_run(START, Roots.from_settings(storage), storage)
    assert folder.path == build_proposal_path(START, storage) == f"{root}/2026-3/pass-1"


def test_the_folder_of_a_path_is_found(roots: Roots, root: Path) -> None:
    folder, rest = ProposalFolder.from_path(f"{root}/2026-3/pass-2/maps/a.png", roots)
    assert (folder.path, rest) == (f"{root}/2026-3/pass-2", "maps/a.png")
    folder, rest = ProposalFolder.from_path("/alias/of/proposals/2026-3/pass-2/", roots)
    assert (folder.path, rest) == (f"{root}/2026-3/pass-2", "")
    for path in (str(root), f"{root}/2026-3", "/etc/passwd", "2026-3/pass-2", f"{root}/2026-3/a b/c", ""):
        with pytest.raises(Refused):
            ProposalFolder.from_path(path, roots)


@pytest.mark.parametrize("aliases", [{"/nsls2/data": "/nsls2/data3"}, {"/nsls2/data/bmm/p/": "/nsls2/data3/bmm/p"}])
@pytest.mark.parametrize("configured", ["/nsls2/data3/bmm/p", "/nsls2/data/bmm/p"])
def test_aliases_of_the_root_or_its_parent_are_resolved(aliases: dict[str, str], configured: str) -> None:
    roots = Roots(Root(configured, aliases))
    for path in ("/nsls2/data/bmm/p/2026-3/x", "/nsls2/data3/bmm/p/2026-3/x"):
        place = roots.resolve_path(path)
        assert place.path == f"{configured}/2026-3/x"
    for path in ("/nsls2/data4/bmm/p/2026-3/x", "/nsls2/data/bmm/p2/x", "/nsls2/database/bmm/p/x"):
        with pytest.raises(Refused, match="expected a path below"):
            roots.resolve_path(path)


def test_the_default_settings_include_both_root_names() -> None:
    roots = Roots.from_settings(OURS)
    assert (
        roots.resolve_path("/nsls2/data/bmm/proposals/2025-3/pass-1/a").path
        == "/nsls2/data3/bmm/proposals/2025-3/pass-1/a"
    )


@pytest.mark.parametrize("path", ["relative/root", "/a/../b", "/a\nb"])
def test_a_root_is_checked_too(path: str) -> None:
    with pytest.raises(Refused):
        Root(path)
    with pytest.raises(Refused):
        Root("/a", {path: "/a"})


def test_a_missing_root_is_an_error() -> None:
    with pytest.raises(Refused, match="no root"):
        Roots()


def test_two_names_may_be_aliases_of_each_other() -> None:
    """A configuration that turns the default alias round holds both."""
    root = Root("/data", {"/data": "/data3", "/data3": "/data"})
    for path in ("/data/2026-1/pass-1", "/data3/2026-1/pass-1"):
        assert root.resolve_below(path) == ("2026-1", "pass-1")
    assert root.resolve_below("/data4/2026-1") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: folder.publish("a", b"1", before_publish=lambda path, sha256: None),
        lambda folder: folder.replace("dossier/messagelog.html", b"1"),
        lambda folder: folder.append("dossier/.rawlog", b"1"),
        lambda folder: folder.touch("a"),
        lambda folder: folder.mkdir("a"),
        lambda folder: folder.archive_existing("old"),
        lambda folder: folder.reserve("a-01", b"1"),
    ],
)
def test_a_process_that_may_change_nothing_changes_nothing(
    change: Callable[[ProposalFolder], object], tmp_path: Path
) -> None:
    """An instance whose place another one has taken."""

    def refuse() -> None:
        raise Unavailable("another instance acts")

    session = tmp_path / "2026-1" / "pass-1"
    session.mkdir(parents=True)
    (session / "old").write_text("old")
    with pytest.raises(Unavailable, match="another instance acts"):
        change(ProposalFolder(Roots(Root(str(tmp_path)), before_change=refuse), "2026-1", "pass-1"))
    assert [path.name for path in session.rglob("*")] == ["old"]
