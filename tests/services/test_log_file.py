"""The log file in a proposal folder."""

from __future__ import annotations

from pathlib import Path

from xafs_workers.services.log_file import LOG_FILE_NAME, add_line
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder


def test_each_entry_is_written_once_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "2025-1" / "pass-1").mkdir(parents=True)
    folder = ProposalFolder(
        Roots.from_settings(Settings(storage={"proposals_root": tmp_path, "root_aliases": {}}).storage),
        "2025-1",
        "pass-1",
    )
    for _ in range(3):
        assert add_line(folder, 1.7e9, "changed\nthe gas\x1b[31m µ") == f"{folder.path}/{LOG_FILE_NAME}"
    add_line(folder, 1.7e9 + 0.001, "changed the gas [31m µ")
    with (Path(folder.path) / LOG_FILE_NAME).open("ab") as file:
        file.write(b"cut sho")
    add_line(folder, 1.7e9 + 1, "after that")
    lines = (Path(folder.path) / LOG_FILE_NAME).read_text().splitlines()
    assert [line.partition("  ")[2] for line in lines] == [
        "changed the gas [31m µ",
        "changed the gas [31m µ",
        "",
        "after that",
    ]
