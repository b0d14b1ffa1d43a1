"""Documents of runs, made one by one."""

from __future__ import annotations

import time
import uuid
from typing import Any

from helpers.streams import Entry

AGE = 7200.0
"""Age of the runs, seconds: a viewer that another test starts passes over them."""


class RunMaker:
    """Documents of a run, in the order in which a RunEngine publishes them."""

    def __init__(self) -> None:
        self.uid, self.begin = str(uuid.uuid4()), time.time() - AGE
        self.entries: list[Entry] = []
        self._rows = 0

    def add_start(self, **more: Any) -> None:
        start = {"uid": self.uid, "time": self.begin, "scan_id": 1, "plan_name": "scan", "motors": ["x"], **more}
        self.entries.append(("start", {**start, "hints": {"dimensions": [[["x"], "primary"]]}}))

    def add_descriptor(self, stream: str, *keys: str) -> str:
        uid = str(uuid.uuid4())
        described = {key: {"dtype": "number", "shape": [], "source": "test", "object_name": key} for key in keys}
        more = {"object_keys": {key: [key] for key in keys}, "hints": {key: {"fields": [key]} for key in keys}}
        body = {"uid": uid, "run_start": self.uid, "time": self.begin, "name": stream, "data_keys": described, **more}
        self.entries.append(("descriptor", {**body, "configuration": {}}))
        return uid

    def add_event(self, descriptor: str, number: int, **data: float) -> None:
        self._rows += 1
        moment = self.begin + self._rows
        body = {"uid": str(uuid.uuid4()), "descriptor": descriptor, "seq_num": number, "time": moment, "data": data}
        self.entries.append(("event", {**body, "timestamps": dict.fromkeys(data, moment), "filled": {}}))

    def add_page(self, descriptor: str, numbers: list[int], **data: list[float]) -> None:
        self._rows += len(numbers)
        times = [self.begin + self._rows + row for row in range(len(numbers))]
        body = {"uid": [str(uuid.uuid4()) for _ in numbers], "descriptor": descriptor, "seq_num": numbers}
        stamps = dict.fromkeys(data, times)
        self.entries.append(("event_page", {**body, "time": times, "data": data, "timestamps": stamps, "filled": {}}))

    def add_stop(self, **counts: int) -> None:
        ids = {"uid": str(uuid.uuid4()), "run_start": self.uid, "time": self.begin + 99}
        self.entries.append(("stop", {**ids, "exit_status": "success", "reason": "", "num_events": counts}))
