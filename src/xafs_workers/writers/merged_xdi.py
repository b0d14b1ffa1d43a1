"""The data file of a merge, as XDI: mean and standard deviation of mu(E), and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xafs_workers.scans.absorption import Absorber
from xafs_workers.scans.advice import format_noise
from xafs_workers.scans.runs import Run
from xafs_workers.writers import headers, text_format
from xafs_workers.writers.columns import Column, select_columns
from xafs_workers.writers.gaps import take_out_gaps
from xafs_workers.writers.measurement_mode import find_mu_label
from xafs_workers.writers.registry import CannotWrite, FileContext
from xafs_workers.writers.xdi_dictionary import OWN_NAMESPACE, fit_edge, fit_symbol
from xafs_workers.writers.xdi_text import format_xdi

_OF_ONE_RUN = frozenset({"Scan.uid", "Scan.transient_id"})
_NO_CONTEXT = FileContext()


def build_name(stub: str, number: int) -> str:
    """Return the name of the data file of a sequence's merge, in the proposal folder."""
    return f"{stub}.merge_{number:02d}.xdi"


def can_build(result: Mapping[str, Any]) -> bool:
    """Check whether results of a reduction contain a merge of repetitions that have an edge."""
    return "e0" in result and bool(_select_merged(result))


def build_content(content: Mapping[str, Any], runs: Sequence[Run], context: FileContext = _NO_CONTEXT) -> bytes:
    """Return the XDI text of a merge.

    Parameters
    ----------
    content
        Content of the sequence's project: `element`, `edge`, `mode`, the `result` of its reduction, and the `excluded`
        repetitions, which were never merged.
    runs
        The runs of the repetitions, in order; the first one's metadata count.

    Raises
    ------
    CannotWrite
        The element or the edge is none that XDI knows.
    """
    result = content["result"]
    symbol, edge = fit_symbol(content["element"]), fit_edge(content["edge"])
    if symbol is None or edge is None:
        raise CannotWrite(f"no XDI file of the merge: {content['element']} {content['edge']} (expected such as Fe K)")
    absorber = Absorber(symbol, edge, content["mode"])
    table = take_out_gaps(select_columns(_build_columns(result, absorber)))
    given = headers.build_fields(runs[0], context)
    own = {
        "Element.symbol": symbol,
        "Element.edge": edge,
        "Scan.end_time": headers.build_fields(runs[-1], context)["Scan.end_time"],
        **{f"{OWN_NAMESPACE}.{key}": text_format.to_one_line(text) for key, text in _list_remarks(content)},
    }
    kept = {name: value for name, value in given.items() if name not in _OF_ONE_RUN}
    fields = headers.sort_fields(headers.merge_fields(kept, own))
    return format_xdi(headers.format_first_line(runs[0]), fields, table, headers.read_comments(runs[0]))


def _build_columns(result: Mapping[str, Any], absorber: Absorber) -> Iterator[Column]:
    yield Column("energy", np.asarray(result["energy"], float), "eV")
    yield Column(find_mu_label(absorber), np.asarray(result["mu"], float))
    if len(_select_merged(result)) > 1:
        yield Column("stddev", np.asarray(result["mu_std"], float))
    yield Column("counts", np.asarray(result["counts"], float))


def _select_merged(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in result.get("members", ()) if one["state"] == "merged"]


def _list_remarks(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys and texts of the program's own fields."""
    result = content["result"]
    merged = _select_merged(result)
    plural = "" if len(merged) == 1 else "s"
    yield "content", f"merge of {len(merged)} repetition{plural} at the measured energies; no shift is applied"
    yield "e0", f"{result['e0']:.3f} eV"
    yield "edge_step", f"{result['edge_step']:.7g}"
    if result.get("epsilon_k") is not None:
        source = "scatter of the repetitions" if len(merged) > 1 else "estimated from high R"
        yield "noise", f"{format_noise(result['epsilon_k'], 2)} (epsilon_k, {source})"
    yield "repetitions", ", ".join(str(one["number"]) for one in merged)
    left_out = "; ".join(_list_left_out(result, content.get("excluded", ())))
    if left_out:
        yield "left_out", left_out
    for one in result["members"]:
        yield f"repetition_{one['number']}", "; ".join(_describe_member(one))
    masked = "; ".join(_list_masked(merged))
    if masked:
        yield "masked", masked
    for number, note in enumerate(result.get("notes", ()), start=1):
        yield f"note_{number}", note


def _list_left_out(result: Mapping[str, Any], excluded: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in (*(one for one in result["members"] if one["state"] != "merged"), *excluded):
        yield f"{one['number']} ({one['why']})"


def _describe_member(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"uid {one['uid']}"
    if one["state"] != "merged":
        yield f"left out: {one['why']}"
        return
    yield f"weight {one['weight']:.3g}"
    if one["edge_step"] is not None:
        yield f"edge step {one['edge_step']:.5g}"
    if one["shift"] is not None:
        yield f"edge {one['shift']:+.3f} eV from the first"
    if one["ref_shift"] is not None:
        yield f"reference {one['ref_shift']:+.3f} eV from the first"


def _list_masked(merged: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the energies at which a repetition does not count because of a spike or glitch."""
    for one in merged:
        if one["spikes"]:
            yield f"{one['number']}: {', '.join(f'{energy:.2f}' for energy in one['spikes'])} eV"
