"""Names of a run for people: its sample, its file, its plan."""

from __future__ import annotations

from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.metadata import as_mapping, as_text, find_by_path
from xafs_workers.scans.runs import Run


def find_sample_name(run: Run, config: BoardConfig) -> str:
    """Find the name of a run's sample at the configured places in its start document; '' for none."""
    return next(filter(None, (as_text(find_by_path(run.start, path)) for path in config.metadata.sample)), "")


def find_run_name(run: Run, config: BoardConfig) -> str:
    """Find the name of a run: its sample, else its file, else its plan and number; '' for none."""
    file = as_text(as_mapping(run.start.get("BMM_kafka")).get("filename")) or as_text(run.xdi.get("_filename"))
    return find_sample_name(run, config) or file or _format_plan(run)


def _format_plan(run: Run) -> str:
    number = run.start.get("scan_id")
    parts = as_text(run.start.get("plan_name")), "" if number is None else f"#{number}"
    return " ".join(part for part in parts if part)
