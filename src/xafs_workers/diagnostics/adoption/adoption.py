"""All suggestions for a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xafs_workers.diagnostics.adoption.chambers import ask_for_unproven, find_chambers, suggest_chambers
from xafs_workers.diagnostics.adoption.detectors import find_detectors, suggest_detectors
from xafs_workers.diagnostics.adoption.energy import list_needs, suggest_energy
from xafs_workers.diagnostics.adoption.files import read_frames
from xafs_workers.diagnostics.adoption.metadata import suggest_beamline, suggest_folders, suggest_metadata
from xafs_workers.diagnostics.adoption.source_suggestion import suggest_source
from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask, build_settings
from xafs_workers.diagnostics.adoption.trial import SessionData, SpectrumRun, list_runs, list_spectra
from xafs_workers.scans.board import Board
from xafs_workers.scans.units import find_unit
from xafs_workers.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Adoption:
    """What was found about a session.

    Attributes
    ----------
    data
        The session, with the frames of its files.
    board
        Board of the session with the suggested settings.
    missing
        Why an energy axis is missing that is needed; empty otherwise.
    """

    data: SessionData
    suggestions: tuple[Suggestion, ...]
    board: Board
    missing: tuple[str, ...]

    @property
    def settings(self) -> dict[str, Any]:
        """Suggested settings, nested."""
        return build_settings(self.suggestions)


def adopt(data: SessionData, given: Settings, folder: Path | None) -> Adoption:
    """Find the settings for a session.

    Parameters
    ----------
    given
        Settings of the source that was read.
    folder
        Folder with the files that stream documents name; None where it is not known.
    """
    source = suggest_source(given)
    data, files = read_frames(data, folder, given)
    board = data.try_settings(build_settings(files))
    runs = tuple(run for run in list_runs(board) if not board.table.outlines[run.uid].is_reading) or list_runs(board)
    suggestions = [*(() if _names_beamline(source) else suggest_beamline(runs)), *source, *files]
    suggestions += suggest_energy(data, build_settings(files))
    board = data.try_settings(build_settings(suggestions))
    found = list_spectra(board)
    suggestions += _suggest_signals(found, board) if found else ask_for_unproven(runs, board.config)
    suggestions += [*suggest_metadata(runs, found, board.config), *suggest_folders(runs)]
    board = data.try_settings(build_settings(suggestions))
    return Adoption(data, tuple(suggestions), board, () if found else list_needs(board))


def _names_beamline(source: tuple[Suggestion, ...]) -> bool:
    return any(suggestion.path == ("beamline",) for suggestion in source)


def _suggest_signals(found: tuple[SpectrumRun, ...], board: Board) -> list[Suggestion]:
    families = find_chambers(found, board.config)
    if not families:
        return list(suggest_chambers((), found, has_detector=False))
    detectors = find_detectors(found, families[0])
    chambers = suggest_chambers(families, found, has_detector=bool(detectors))
    return [*chambers, *_ask_for_units(chambers, found, board), *suggest_detectors(detectors)]


def _ask_for_units(
    suggestions: tuple[Suggestion, ...], found: tuple[SpectrumRun, ...], board: Board
) -> list[Suggestion]:
    """Ask for the units of the columns that are set, where a text has no known meaning."""
    questions: list[Suggestion] = []
    for suggestion in suggestions:
        unit = find_unit(found[0].run, board.config, suggestion.value) if suggestion.is_set else None
        if unit is not None and unit.kind == "unknown" and unit.text:
            path = ("columns", "units", suggestion.value)
            questions.append(ask(path, None, f"{unit.text!r} is no known unit: it is shown, and nothing is converted"))
    return questions
