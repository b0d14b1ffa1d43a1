"""The doctor publishes a small file where the workers do, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from xafs_workers.diagnostics.doctor.finding import Case, Finding, RoleName
from xafs_workers.diagnostics.doctor.publishing import check_publishing
from xafs_workers.settings import Settings
from xafs_workers.storage import exclusive_names
from xafs_workers.storage.owned_names import fold_name


def fail_with(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "2026-3/pass-1"
    folder.mkdir(parents=True)
    return folder


def examine(session: Path, role: RoleName | None = "file-manager") -> list[Finding]:
    settings = Settings(storage={"proposals_root": session.parent.parent, "root_aliases": {}})
    return list(check_publishing(Case(settings, role)))


def test_a_file_is_published_and_removed(session: Path) -> None:
    [finding] = examine(session)
    assert finding.level == "ok"
    assert "by a link" in finding.text
    assert os.listdir(session) == []


@pytest.mark.parametrize("role", [None, "screen", "web"])
def test_nothing_is_written_for_workers_that_only_look(role: RoleName | None, session: Path) -> None:
    assert examine(session, role) == []


def test_a_file_system_without_links_is_a_warning(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", fail_with(errno.EXDEV))
    assert "by a rename" in examine(session)[0].text
    monkeypatch.setattr(exclusive_names, "rename_without_replacing", lambda *_: False)
    found = examine(session)
    assert [finding.level for finding in found] == ["ok", "warning"]
    assert "an empty file for a moment" in found[1].text
    assert os.listdir(session) == []


def test_no_way_to_publish_is_a_fault(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", fail_with(errno.EPERM))
    monkeypatch.setattr(exclusive_names, "rename_without_replacing", lambda *_: False)
    monkeypatch.setattr(exclusive_names, "_create_claim", fail_with(errno.EINVAL))
    [finding] = examine(session)
    assert finding.level == "fault"
    assert os.listdir(session) == []


def test_a_replaced_first_file_is_a_fault(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int, follow_symlinks: bool) -> None:
        os.rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "link", replace)
    [finding] = examine(session)
    assert (finding.level, "replaced the first" in finding.text) == ("fault", True)
    assert os.listdir(session) == []


def test_missing_modes_and_fsync_are_warnings(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session.chmod(0o770)
    for call in ("fsync", "fchmod", "fchown"):
        monkeypatch.setattr(os, call, fail_with(errno.EOPNOTSUPP))
    texts = [finding.text for finding in examine(session) if finding.level == "warning"]
    assert len(texts) == 2
    assert "fsync" in texts[0]
    assert "mode and the group" in texts[1]


def test_names_that_are_one_are_a_warning(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def stat(path: object, *arguments: object, **more: object) -> os.stat_result:
        if isinstance(path, str) and "doctor" in path.lower() and not path.startswith("/"):
            path = next((name for name in os.listdir(session) if fold_name(name) == fold_name(path)), path)
        return real(path, *arguments, **more)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(os, "stat", stat)
    [_, finding] = examine(session)
    assert finding.text.endswith("are one: upper and lower case, accents composed or not, a dot at the end")
