"""Settings of times, limits and logs of the workers."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import Section


class Retention(Section):
    """Number of ended scans and runs kept in memory."""

    scans: int = Field(default=50, ge=1, description="number of ended scans whose figures stay")
    runs: int = Field(default=50, ge=1, description="number of finished runs that belong to no scan")
    open_hours: float = Field(default=24.0, gt=0, description="open scans older than this are closed and dropped")


ImpliedForm = Literal["line", "time", "map", "xafs"]
ImpliedFile = Literal["pictures", "data", "project"]


class Scans(Section):
    """Scans of runs that no control message claims."""

    from_documents: bool | tuple[ImpliedForm, ...] = Field(
        default=True,
        description="true: such a run is shown as the scan that its documents say it is; or a list of such "
        "forms: line, time, map, xafs",
    )
    sequence_gap: float = Field(
        default=900.0,
        ge=0,
        description="longest time from the stop of an XAFS scan to the start of the next repetition, seconds; later it "
        "begins another sequence",
    )
    ignore: tuple[str, ...] = Field(
        default=("record_dark_current", "get_offsets", "*dark*", "*_offset*", "*snapshot*"),
        description="names of plans whose runs are readings, never scans; * stands for any text",
    )
    write: tuple[ImpliedFile, ...] = Field(
        default=(),
        description="files that are written of such runs: data at their stop documents; pictures then too, or when "
        "their sequence is over, with project; a list of: pictures, data, project",
    )

    @model_validator(mode="after")
    def _check_forms(self) -> Scans:
        if self.write and not self.implied_forms:
            raise PydanticCustomError("files", "scans.write has no effect without scans.from_documents (expected true)")
        return self

    @property
    def implied_forms(self) -> frozenset[str]:
        """Forms of the scans that such a run may become."""
        if isinstance(self.from_documents, bool):
            return frozenset(get_args(ImpliedForm)) if self.from_documents else frozenset()
        return frozenset(self.from_documents)


class Patience(Section):
    """Times for which the workers that write files wait, of their own running time with all topics read."""

    documents: float = Field(
        default=3600.0,
        gt=0,
        description="how long documents of an ended scan, or of a run that a message names, are waited for, seconds; "
        "then the message fails",
    )


class Recovery(Section):
    """Recovery of open scans at start."""

    look_back_hours: float = Field(
        default=12.0, gt=0, description="screen and browser: how far back they search for open scans"
    )
    history_hours: float = Field(
        default=24.0,
        ge=0,
        description="screen and browser: how far back they list ended scans after a start; 0: not at all",
    )


class Failover(Section):
    """Two instances of the file manager, or of the headless plot manager: one acts, the other takes over."""

    enabled: bool = Field(
        default=False, description="true: instances of a worker share a ledger on Kafka, and only one of them acts"
    )
    takeover_seconds: float = Field(
        default=10.0,
        ge=3,
        le=25,
        description="time without a sign of life of the instance that acts after which another takes over, seconds",
    )
    ledger_topic: str = Field(
        default="{beamline}.workers.{worker}.ledger",
        description="topic of one partition with lease and ledger of a worker; {beamline} and {worker} are replaced",
    )


class Reduction(Section):
    """Reduction of XAFS sequences while they are measured."""

    target_noise: float | None = Field(
        default=1e-3,
        gt=0,
        description="epsilon_k that the merge should reach, for the advice `about n more`; null: no advice",
    )
    interim_above: int = Field(
        default=5, ge=1, description="sequences with more repetitions than this get interim pictures"
    )
    interim_every: int = Field(default=3, ge=1, description="number of repetitions between interim pictures")
    task_seconds: float = Field(
        default=60.0, gt=0, description="time limit of a reduction, seconds; a longer one is killed and repeated"
    )
    starts_warm: bool = Field(
        default=True,
        description="whether the file manager and the headless plot manager load Larch when they start; false: with the"
        " first task, which waits some seconds for it",
    )
    idle_seconds: float = Field(
        default=600.0, gt=0, description="Larch's process ends after so long without a task; the next one starts it"
    )


class Logging(Section):
    """Level and form of logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    style: Literal["text", "json"] = "text"
    heartbeat_seconds: float = Field(
        default=10.0, gt=0, description="interval of heartbeats; a log line at least each minute"
    )
