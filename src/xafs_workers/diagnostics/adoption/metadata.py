"""Suggestions of the places in start documents that name sample, edge, d-spacing and folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from xafs_workers.diagnostics.adoption.names import list_words
from xafs_workers.diagnostics.adoption.suggestion import Suggestion, ask
from xafs_workers.diagnostics.adoption.trial import SpectrumRun
from xafs_workers.elements import find_atomic_number
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.d_spacing import LARGEST, SMALLEST, find_d_spacing
from xafs_workers.scans.metadata import as_mapping, as_text, find_by_path
from xafs_workers.scans.named_edge import BOTH, find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Metadata, Storage

SKIPPED = frozenset({"plan_args", "plan_pattern_args", "hints", "versions", "uid", "detectors", "motors"})
"""Keys of start documents in which nothing is searched."""

DEPTH = 3

EDGE_NAME = re.compile(r"K|L[123]|M[1-5]")

SESSION_KEYS = (
    "data_session", "proposal_id", "proposal.id", "proposal_number", "esaf_id", "esaf", "visit", "instrument_session",
    "experiment.id", "experiment_id", "gup_id",
)  # fmt: skip
"""Keys of a group's folder at several facilities, the most specific first."""

CYCLE_KEYS = ("cycle", "XDI.Facility.cycle", "facility_cycle", "run_cycle", "year")
"""Keys of the outer folder."""

FOLDER_NAME = re.compile(r"[A-Za-z0-9._-]+")


def suggest_metadata(runs: tuple[Run, ...], found: tuple[SpectrumRun, ...], config: BoardConfig) -> list[Suggestion]:
    """Suggest the paths of sample, element, edge and d-spacing."""
    suggestions = [_suggest_path(runs, "sample", _is_sample)]
    spectra = tuple(spectrum.run for spectrum in found)
    if spectra:
        suggestions += _suggest_edge(spectra, config)
        suggestions.append(_suggest_d_spacing(found, config))
    return [suggestion for suggestion in suggestions if suggestion is not None]


def _suggest_edge(runs: tuple[Run, ...], config: BoardConfig) -> list[Suggestion | None]:
    """Suggest the paths of element and edge; one text may name both."""
    both = next((run for run in runs if all(find_named_edge(run, config))), None)
    names = ["element", "edge"]
    if both is not None:
        names = [name for name in names if _find_path(both, getattr(config.metadata, name))]
    usable = {"element": _is_element, "edge": _is_edge}
    return [_suggest_path(runs, name, usable[name]) for name in names]


def _find_path(run: Run, paths: tuple[str, ...]) -> str:
    """Find the first path at which a start document has text, '' for none."""
    return next((path for path in paths if as_text(find_by_path(run.start, path)).strip()), "")


def _suggest_path(runs: tuple[Run, ...], name: str, is_usable: Callable[[str, Any], bool]) -> Suggestion | None:
    """Suggest the path of a text; where a default holds it, that is shown."""
    defaults: tuple[str, ...] = getattr(Metadata(), name)
    for path in defaults:
        values = [as_text(find_by_path(run.start, path)).strip() for run in runs]
        if any(values):
            example = next(filter(None, values))
            both = " (element and edge)" if name in ("element", "edge") and BOTH.match(example) else ""
            more = " and other values" if len(set(filter(None, values))) > 1 else ""
            count = f"in {sum(map(bool, values))} of {len(runs)} runs"
            reason = f"holds {example!r:.40}{both}{more} {count}; a default"
            return Suggestion(("metadata", name), [path], reason, is_default=True)
    for run in runs:
        for path, value in iterate_paths(run.start):
            if is_usable(path.rpartition(".")[2], value):
                reason = f"holds {value!r:.40}"
                return Suggestion(("metadata", name), [path, *defaults], reason)
    tail = "" if name == "sample" else "; it is guessed from the energies, and data files are not XDI"
    return ask(("metadata", name), None, f"no start document names it{tail}")


def iterate_paths(document: Mapping[str, Any], prefix: str = "", depth: int = DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield the path of each value in nested mappings, and the value."""
    for key, value in document.items():
        if key in SKIPPED or "." in str(key):
            continue
        yield f"{prefix}{key}", value
        if isinstance(value, Mapping) and depth > 1:
            yield from iterate_paths(as_mapping(value), f"{prefix}{key}.", depth - 1)


def _is_sample(key: str, value: Any) -> bool:
    words = set(list_words(key))
    return isinstance(value, str) and bool(value.strip()) and bool(words & {"sample", "samplename", "specimen"})


def _is_element(key: str, value: Any) -> bool:
    words = set(list_words(key))
    if not isinstance(value, str) or not words & {"element", "symbol", "absorber", "edge", "el"}:
        return False
    # the symbol of potassium is the name of an edge, too
    return bool(BOTH.match(value)) or ("edge" not in words and find_atomic_number(value) is not None)


def _is_edge(key: str, value: Any) -> bool:
    if not isinstance(value, str) or not set(list_words(key)) & {"edge", "element", "absorber"}:
        return False
    return bool(BOTH.match(value) or EDGE_NAME.fullmatch(value))


def _suggest_d_spacing(found: tuple[SpectrumRun, ...], config: BoardConfig) -> Suggestion:
    run, axis = found[0].run, found[0].axis
    known = find_d_spacing(run, config, axis.key)
    if not known.problem:
        path = next(path for path in config.metadata.d_spacing if find_by_path(run.start, path) is not None)
        return Suggestion(("metadata", "d_spacing"), [path], f"{known.value:g} Å; a default", is_default=True)
    for path, value in iterate_paths(run.start):
        if _is_d_spacing(path.rpartition(".")[2], value):
            paths = [path, *Metadata().d_spacing]
            return Suggestion(("metadata", "d_spacing"), paths, f"holds {value!r:.40}")
    for device in as_mapping(run.descriptor.get("configuration")).values():
        for key, value in as_mapping(as_mapping(device).get("data")).items():
            if _is_d_spacing(str(key), value):
                return Suggestion(("columns", "d_spacing"), str(key), f"holds {value!r:.40} in the descriptor")
    return ask(("metadata", "d_spacing"), None, f"{known.problem}; without it data files are not XDI")


def _is_d_spacing(key: str, value: Any) -> bool:
    is_named = re.search(r"(^|[^a-z])d[-_ ]?spacing", key.lower()) is not None
    return is_named and isinstance(value, int | float) and SMALLEST <= value <= LARGEST


def suggest_folders(runs: tuple[Run, ...]) -> list[Suggestion]:
    """Suggest the keys of the folders of a group's files; no document names the folder that contains them."""
    default = Storage()
    session = _suggest_folder(runs, "session_keys", SESSION_KEYS, default.session_keys)
    cycle = _suggest_folder(runs, "cycle_keys", CYCLE_KEYS, default.cycle_keys)
    suggestions = [session, cycle]
    if not session.is_question and cycle.is_question:
        suggestions[1] = Suggestion(("storage", "cycle_keys"), [], "no start document names an outer folder")
        suggestions.append(ask(("storage", "cycle"), None, "name of the outer folder of all groups, such as users"))
    root = "no document names the folder of the groups' files; it must exist before files are written"
    return [*suggestions, ask(("storage", "proposals_root"), None, root)]


def _suggest_folder(runs: tuple[Run, ...], name: str, known: tuple[str, ...], default: tuple[str, ...]) -> Suggestion:
    usable: dict[str, str] = {}
    for path in known:
        values = (find_by_path(run.start, path) for run in runs)
        example = next((value for value in values if isinstance(value, str) and FOLDER_NAME.fullmatch(value)), None)
        if example is not None:
            usable[path] = example
    if not usable:
        return ask(("storage", name), None, f"no start document has a key such as {', '.join(known[:3])}")
    best, *others = usable
    reason = f"holds {usable[best]!r}"
    if default[:1] == (best,):
        return Suggestion(("storage", name), list(default), f"{reason}; a default", tuple(others), is_default=True)
    return Suggestion(("storage", name), [best], reason, tuple(others))


def suggest_beamline(runs: tuple[Run, ...]) -> list[Suggestion]:
    """Suggest the beamline's name, which is the prefix of topics and consumer groups."""
    reason = "no start document names the beamline: prefix of topics"
    for run in runs:
        for path in ("beamline_id", "beamline", "beamline.name", "beamline.id"):
            value = find_by_path(run.start, path)
            if isinstance(value, str) and FOLDER_NAME.fullmatch(value):
                return [Suggestion(("beamline",), value, f"{path} of the start documents; prefix of topics")]
            if value and not isinstance(value, Mapping):
                reason = f"{path} holds {value!r:.40} (expected letters, digits, '.', '_', '-'): prefix of topics"
    return [ask(("beamline",), None, reason)]
