"""A file manager as a process, and runs whose files it writes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np

from helpers.processes import Station, make_start_document
from helpers.streams import Entry, build_run_documents

SESSION = "2026-3/pass-123456"


class FileManagerStation(Station):
    """A file manager on topics of its own."""

    command = ("file-manager",)

    @property
    def session(self) -> Path:
        return self.folder / "proposals" / SESSION

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the answer that ends it."""
        name = uuid.uuid4().hex
        self.put([("bmm", {**message, "message_id": name})])
        found: list[dict[str, Any]] = []

        def answered() -> bool:
            found[:] = [a for a in self.received["answer"] if a["message_id"] == name and a["state"] != "accepted"]
            return bool(found)

        self.wait(answered, f"the answer to {message}")
        assert len(found) == 1
        return found[0]


def build_xafs_run(**start: Any) -> list[Entry]:
    energy = np.linspace(7000.0, 7400.0, 40)
    columns = {
        "dcm_energy": energy.tolist(),
        "dcm_energy_setpoint": energy.tolist(),
        "dwti_dwell_time": [0.5] * 40,
        "I0": [100.0] * 40,
        "It": np.linspace(60.0, 30.0, 40).tolist(),
        "Ir": np.linspace(50.0, 20.0, 40).tolist(),
    }
    told = {
        "BMM_kafka": {"hint": "xafs transmission", "count": 1},
        "XDI": {
            "Element": {"symbol": "Fe", "edge": "K"},
            "Mono": {"d_spacing": "3.1356"},
            "Sample": {"name": "iron foil"},
            "_mode": ["transmission"],
        },
        "plan_name": "scan_nd xafs transmission",
    }
    return list(
        build_run_documents(
            hint=None, motors=["dcm_energy"], columns=columns, start=make_start_document(**told, **start)
        )
    )
