"""XAFS scans: repetitions over an absorption edge, plotted live."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.base import ControlMessage, Example, kinds
from xafs_workers.messages.fields import (
    FLUO_DETECTOR_DESCRIPTION,
    MODE_DESCRIPTION,
    OVERWRITE_DESCRIPTION,
    BaseName,
    Count,
    Edge,
    Element,
    Flag,
    FluoDetector,
    Mode,
    OptionalFile,
    OptionalUid,
    Text,
)


@kinds.register("xafsscan.start")
class XafsscanStart(ControlMessage):
    """Start a sequence of XAFS scans, before its first repetition."""

    kind = "xafsscan"
    action = "start"
    owner = "headless"
    example: ClassVar[Example] = {
        "xafsscan": "start",
        "element": "Fe",
        "edge": "K",
        "mode": "fluorescence",
        "filename": "mysample",
        "repetitions": 3,
        "sample": "Fe2O3",
        "reference_material": "Fe",
        "fluo_detector": "7-element SDD",
    }

    element: Element
    edge: Edge
    mode: Mode = Field(description=f"measured signal: {MODE_DESCRIPTION}")
    filename: BaseName = Field(description="stub of the data files' names, for the title")
    repetitions: Count = Field(description="number of scans planned")
    sample: Text | None = Field(default=None, description="name of the sample")
    reference_material: Text | None = Field(default=None, description="material between the detectors It and Ir")
    fluo_detector: FluoDetector = Field(default=None, description=FLUO_DETECTOR_DESCRIPTION)
    with_diode: Flag = Field(
        default=False, description="true: a photodiode measures the specular beam, in place of the area detector"
    )


@kinds.register("xafsscan.next")
class XafsscanNext(ControlMessage):
    """Start the next repetition; its run follows."""

    kind = "xafsscan"
    action = "next"
    owner = "headless"
    example: ClassVar[Example] = {"xafsscan": "next", "count": 1}

    count: Count = Field(description="number of the repetition, from 1")


@kinds.register("xafsscan.stop")
class XafsscanStop(ControlMessage):
    """End a sequence of XAFS scans. A null file name means no picture; without one the worker names the picture."""

    kind = "xafsscan"
    action = "stop"
    owner = "headless"
    example: ClassVar[Example] = {
        "xafsscan": "stop",
        "filename": "snapshots/mysample_liveplot.png",
        "uid": "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5",
    }

    filename: OptionalFile = Field(
        default=None, description="picture, relative to the proposal folder; null: none; left out: named by the worker"
    )
    uid: OptionalUid = Field(default=None, description="uid of the first repetition's run")
    overwrite: Flag = Field(default=False, description=OVERWRITE_DESCRIPTION)
