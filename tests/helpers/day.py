"""A day at a beamline, as messages and documents, and the files that it leaves."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from helpers.file_manager import SESSION, build_xafs_run
from helpers.processes import Station, make_start_document
from helpers.streams import Entry, build_run_documents


def build_map_run() -> list[Entry]:
    columns = {
        "xafs_y": [0.0, 0.0, 1.0, 1.0],
        "xafs_x": [5.0, 6.0, 5.0, 6.0],
        "I0": [10.0, 11.0, 12.0, 13.0],
        "It": [1.0, 2.0, 3.0, 4.0],
        "Ir": [1.0, 1.0, 1.0, 1.0],
    }
    told = {"Sample": {"name": "rust"}, "_snapshots": {"xlsxout": "maps/m.xlsx", "matout": "maps/m.mat"}}
    start = make_start_document(XDI=told, shape=[2, 2], plan_name="grid_scan measurement xafs_y xafs_x It")
    hint = "areascan It xafs_y xafs_x True False 7112.0"
    return list(build_run_documents(hint=hint, motors=["xafs_y", "xafs_x"], columns=columns, start=start))


def build_line_run() -> list[Entry]:
    x = np.linspace(-1.0, 1.0, 11)
    columns = {"xafs_x": x.tolist(), "I0": [100.0] * 11, "It": [50.0] * 11, "Ir": [20.0] * 11}
    start = make_start_document(plan_name="rel_scan linescan xafs_x It")
    return list(build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns=columns, start=start))


def build_day() -> list[Entry]:
    """Return a day at a beamline: every kind of file, some twice, one that must fail."""
    folders = [("bmm", {"mkdir": f"{{session}}/{name}"}) for name in ("snapshots", "prj", "dossier", "maps")]
    entries: list[Entry] = [*folders, ("bmm", {"touch": "{session}/dossier/MANIFEST"})]
    entries.append(("bmm", {"copy": True, "file": "{workspace}/scan.ini", "target": "{session}/scan.ini"}))
    for number in range(1, 5):
        run = build_xafs_run(scan_id=number)
        entries += [*run, ("bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": f"foil.{number:03d}"})]
    entries.append(("bmm", {"copy": True, "file": "{workspace}/edited.ini", "target": "{session}/scan.ini"}))
    entries.append(("bmm", {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "foil.001"}))
    area, line = build_map_run(), build_line_run()
    entries += [*area, ("bmm", {"raster": True, "uid": area[0][1]["uid"]})]
    entries += [*line, ("bmm", {"lsxdi": True, "uid": line[0][1]["uid"], "filename": "line.001"})]
    entries.append(("bmm", {"echoslack": True, "text": "the day is over", "icon": "message", "rid": None}))
    entries.append(("bmm", {"mkdir": "{session}/last", "message_id": "the last"}))
    return entries


def build_sequence(repetitions: int = 3, points: int = 40) -> list[Entry]:
    """Return a line scan with a picture and an XAFS sequence, as a plan would send them."""
    rng = np.random.default_rng(7)
    x = np.linspace(-1, 1, 21)
    line = build_run_documents(
        hint="linescan It xafs_x",
        motors=["xafs_x"],
        columns={"xafs_x": x.tolist(), "I0": [100.0] * 21, "It": rng.uniform(1, 9, 21).tolist()},
        start=make_start_document(),
    )
    entries: list[Entry] = [("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"}), *line]
    entries.append(("bmm", {"linescan": "stop", "fname": "slot.png", "uid": entries[1][1]["uid"]}))
    start = {"element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": repetitions}
    entries.append(("bmm", {"xafsscan": "start", "sample": "Fe", "reference_material": "Fe foil", **start}))
    first = ""
    for count in range(1, repetitions + 1):
        entries.append(("bmm", {"xafsscan": "next", "count": count}))
        columns = {key: rng.uniform(10, 90, points).tolist() for key in ("I0", "It", "Ir")}
        columns |= {"dcm_energy": np.linspace(7000, 7800, points).tolist(), "dwti_dwell_time": [0.5] * points}
        more = make_start_document(BMM_kafka={"count": count})
        run = list(build_run_documents(hint="xafs trans", motors=["dcm_energy"], columns=columns, start=more))
        first = first or run[0][1]["uid"]
        entries.extend(run)
    entries.append(("bmm", {"xafsscan": "stop", "filename": "snapshots/fe_liveplot.png", "uid": first}))
    entries.append(("bmm", {"resting_state": True}))
    return entries


def fill_paths(place: Station, entries: list[Entry]) -> list[Entry]:
    """Return entries with the paths of one worker's folders."""
    names = {"session": str(place.folder / "proposals" / SESSION), "workspace": str(place.folder / "workspace")}

    def filled(body: dict[str, Any]) -> dict[str, Any]:
        return {k: v.format(**names) if isinstance(v, str) and "{" in v else v for k, v in body.items()}

    return [(name, filled(body) if name == "bmm" else body) for name, body in entries]


def collect_files(place: Station) -> dict[str, bytes | Counter[str]]:
    """Return the files; a file set aside without its time, and of the message log the lines."""
    found: dict[str, bytes | Counter[str]] = {}
    for name, content in place.read_files().items():
        if name.endswith("dossier/.rawlog"):
            texts = re.findall(r'"text": *"((?:[^"\\]|\\.)*)"', content.decode())
            found[name] = Counter(text.replace(str(place.folder), "") for text in texts)
        elif not name.endswith("messagelog.html"):
            found[re.sub(r"\.ini\.\d.*", ".ini.<time>", name)] = content
    return found
