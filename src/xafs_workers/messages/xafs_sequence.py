"""Reduction of an XAFS sequence: its merge as µ(E), χ(k) and |χ(R)|."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    MODE_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    Count,
    Edge,
    Element,
    Flag,
    Mode,
    Number,
    OptionalFile,
    OptionalUid,
    RunUid,
)


@kinds.register("xafs_sequence.start")
class XafsSequenceStart(ControlMessage):
    """Start an empty merge of a sequence."""

    kind = "xafs_sequence"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {
        "xafs_sequence": "start",
        "element": "Fe",
        "edge": "K",
        "folder": "/home/xf06bm/Data/bucket",
        "workspace": "/home/xf06bm/Workspace/2025-2",
        "repetitions": 3,
        "mode": "fluorescence",
        "with_yield": False,
    }

    element: Element
    edge: Edge
    mode: Mode = Field(description=f"merged signal: {MODE_DESCRIPTION}")
    repetitions: Count = Field(description="number of scans planned")
    folder: OptionalFile = Field(default=None, description="folder of the experiment")
    workspace: OptionalFile = Field(default=None, description="folder that the beamline's operator may write to")
    with_yield: Flag = Field(default=False, description="true if the electron yield is measured too")


@kinds.register("xafs_sequence.add")
class XafsSequenceAdd(ControlMessage):
    """Add a finished repetition to the merge."""

    kind = "xafs_sequence"
    action = "add"
    owner = "headless"
    example: ClassVar[Example] = {"xafs_sequence": "add", "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5"}

    uid: RunUid


@kinds.register("xafs_sequence.stop")
class XafsSequenceStop(ControlMessage):
    """End the sequence: draw and save the last merge, and write the Athena project."""

    kind = "xafs_sequence"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {"xafs_sequence": "stop", "filename": "snapshots/mysample.png"}

    filename: OptionalFile = Field(default=None, description="picture, relative to the proposal folder or absolute")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)


@kinds.register("xafs_sequence.enough")
class XafsSequenceEnough(ControlMessage):
    """Answer whether the repetitions so far are enough, with their noise, and why."""

    kind = "xafs_sequence"
    action = "enough"
    owner = "headless"
    example: ClassVar[Example] = {"xafs_sequence": "enough", "target": 0.001}

    uid: OptionalUid = Field(default=None, description="uid of a run added to the sequence; null: the open sequence")
    target: Number | None = Field(
        default=None, gt=0, description="epsilon_k to be reached; null: the setting reduction.target_noise"
    )
