"""The data file of a merge: XDI by the letter, with the merge's numbers and where they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import XAFS, make_finished_run, merge_xdi
from helpers.xdi_rules import find_violations
from xafs_workers.writers.merged_xdi import build_content, build_name, can_build
from xafs_workers.writers.registry import CannotWrite
from xafs_workers.writers.xdi_reader import read

RUNS = [make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(_comment="of the user")) for _ in range(3)]


def make_member(number: int, state: str = "merged", why: str = "", **more: Any) -> dict[str, Any]:
    usual = {"weight": 1.0, "edge_step": 0.45, "shift": 0.0, "ref_shift": None, "spikes": []}
    return {"number": number, "uid": f"u{number}", "state": state, "why": why, **usual, **more}


def make_content(**more: Any) -> dict[str, Any]:
    result = {
        "energy": np.array([7100.0, 7110.0, 7120.0, 7130.0]),
        "mu": np.array([0.1, 0.2, 0.8, 1.0]),
        "mu_std": np.array([0.0, 0.01, 0.02, 0.01]),
        "counts": np.array([2, 2, 2, 1]),
        "members": [
            make_member(1),
            make_member(2, shift=-0.29, ref_shift=-0.295, spikes=[7112.25], weight=0.5),
            make_member(3, "left out", "no edge", edge_step=None, shift=None),
        ],
        "e0": 7112.0,
        "edge_step": 0.4497301,
        "epsilon_k": 1.17e-3,
        "notes": ["3 left out: no edge"],
    }
    content = {"element": "Fe", "edge": "K", "mode": "transmission", "excluded": [{"number": 4, "why": "aborted"}]}
    return content | {"result": result | more}


def test_the_file_has_the_merge_and_its_history() -> None:
    content = build_content(make_content(), RUNS)
    assert list(find_violations(content.decode())) == []
    file = read(content)
    assert file.headings == ("energy eV", "mutrans", "stddev", "counts")
    np.testing.assert_allclose(
        file.data, [[7100, 7110, 7120, 7130], [0.1, 0.2, 0.8, 1], [0, 0.01, 0.02, 0.01], [2, 2, 2, 1]]
    )
    own = {name.removeprefix("XafsWorkers."): text for name, text in file.fields.items() if "Workers" in name}
    assert own == {
        "content": "merge of 2 repetitions at the measured energies; no shift is applied",
        "e0": "7112.000 eV",
        "edge_step": "0.4497301",
        "noise": "1.17e-3 (epsilon_k, scatter of the repetitions)",
        "repetitions": "1, 2",
        "left_out": "3 (no edge); 4 (aborted)",
        "repetition_1": "uid u1; weight 1; edge step 0.45; edge +0.000 eV from the first",
        "repetition_2": (
            "uid u2; weight 0.5; edge step 0.45; edge -0.290 eV from the first; reference -0.295 eV from the first"
        ),
        "repetition_3": "uid u3; left out: no edge",
        "masked": "2: 7112.25 eV",
        "note_1": "3 left out: no edge",
    }
    assert file.fields["Sample.name"] == "rust"
    assert "Scan.uid" not in file.fields
    assert file.comments == ("of the user",)


def test_a_single_repetition_has_no_deviation() -> None:
    content = make_content(members=[make_member(1, shift=None)], epsilon_k=2e-4, notes=[])
    file = read(build_content(content, RUNS[:1]))
    assert file.labels == ("energy", "mutrans", "counts")
    assert file.fields["XafsWorkers.noise"] == "2.00e-4 (epsilon_k, estimated from high R)"


@pytest.mark.parametrize(
    ("result", "possible"),
    [({}, False), ({"e0": 1.0, "members": []}, False), (make_content()["result"], True)],
)
def test_only_a_merge_with_an_edge_has_a_file(result: dict[str, Any], possible: bool) -> None:
    assert can_build(result) is possible


def test_an_unknown_element_is_refused_with_the_reason() -> None:
    with pytest.raises(CannotWrite, match=r"no XDI file of the merge: Zz K \(expected"):
        build_content({**make_content(), "element": "Zz"}, RUNS)


def test_the_name_has_the_number_of_the_sequence() -> None:
    assert build_name("rust", 7) == "rust.merge_07.xdi"
