"""Request for the position of a peak in a line scan."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from xafs_workers.messages.analysing import AnalysingMessage
from xafs_workers.messages.base import Example, kinds
from xafs_workers.messages.fields import FITTED_SIGNAL_DESCRIPTION, Flag, Motor, Name, OptionalName, Spinner


@kinds.register("peakfit")
class Peakfit(AnalysingMessage):
    """Answer with the position of the peak in a line scan, and show it."""

    kind = "peakfit"
    action = ""
    value = "true"
    owner = "headless"
    example: ClassVar[Example] = {
        "peakfit": True,
        "uid": "b64a4f0e-0a1d-4d2d-9a3d-5b6f1d4b8f77",
        "motor_name": "dcm_pitch",
        "signal": "I0",
        "choice": "com",
    }

    motor_name: Motor
    signal: Name = Field(description=FITTED_SIGNAL_DESCRIPTION)
    choice: OptionalName = Field(
        default="peak",
        description="peak: the position of the largest value; com: the centre of mass; fit: a fitted skewed Gaussian; "
        "any other word means peak",
    )
    spinner: Spinner | None = Field(default=None, description="number of the spinner, 1 to 8, for the title")
    rate: Flag = Field(default=False, description="divide the signal by the dwell time first")
