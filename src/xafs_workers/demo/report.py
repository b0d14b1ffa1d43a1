"""The end of a demo: a table of every file, and what is not as it should be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from xafs_workers.demo.environment import read_logged_errors

if TYPE_CHECKING:
    from xafs_workers.demo.stage import DemoStage


def report(stage: DemoStage, console: Console) -> list[str]:
    """Print what was written and where; return what is not as it should be."""
    root = stage.environment.proposals_root
    written = sorted(path for path in root.rglob("*") if path.is_file())
    seconds = {path: answer["seconds"] for answer in stage.listener.list_final_answers() for path in answer["paths"]}
    table = Table(title=f"files below {root}")
    for heading in ("file", "size", "from message to answer"):
        table.add_column(heading, justify="left" if heading == "file" else "right", overflow="fold")
    for path in written:
        if _is_bookkeeping(path):
            continue
        took = seconds.get(str(path))
        table.add_row(str(path.relative_to(root)), f"{path.stat().st_size / 1024:.0f} KiB", _format_seconds(took))
    console.print(table)
    faults = _find_faults(stage, written)
    for fault in faults:
        console.print(f"[bold red]fault[/]: {fault}", markup=True, highlight=False)
    if not faults:
        done = sum(answer["state"] == "done" for answer in stage.listener.list_final_answers())
        console.print(f"[bold green]all well[/]: {done} messages done, {len(seconds)} files, no error logged")
    return faults


def _is_bookkeeping(path: Path) -> bool:
    """Check whether a file is an index, a log or a reservation: no message asked for it."""
    return ".sequence" in path.parts or path.name in ("MANIFEST", "00INDEX.html", "messagelog.html", ".rawlog")


def _format_seconds(took: float | None) -> str:
    return "" if took is None else f"{took:.2f} s"


def _find_faults(stage: DemoStage, written: list[Path]) -> list[str]:
    final = stage.listener.list_final_answers()
    faults = [f"{a['kind']} {a['action']} failed: {a['reason']}" for a in final if a["state"] == "failed"]
    faults += [f"dead letter: {letter['kind']} {letter['reason']}" for letter in stage.listener.dead_letters]
    answered = {path for answer in final for path in answer["paths"]}
    there = {str(path) for path in written if not _is_bookkeeping(path)}
    faults += [f"answered as written, but not there: {path}" for path in sorted(answered) if not Path(path).exists()]
    faults += [f"there, but no answer tells of it: {path}" for path in sorted(there - answered)]
    telling = Counter((answer["kind"], answer["action"]) for answer in final if answer["paths"])
    short = [(key, due) for key, due in sorted(stage.expected_files.items()) if telling[key] < due]
    faults += [f"{kind} {action}: {telling[kind, action]} of {due} wrote a file" for (kind, action), due in short]
    if not answered:
        faults.append("no picture was written")
    return faults + read_logged_errors(stage.environment)
