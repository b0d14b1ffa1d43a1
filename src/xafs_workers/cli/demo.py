"""`xafs-workers demo`: everything at once, on a laptop with no beamline at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run_demo(
    output: Annotated[Path, typer.Option(help="folder for all that is written")] = Path("demo-output"),
    data: Annotated[Path | None, typer.Option(help="replay this recording instead of simulating")] = None,
    kafka: Annotated[str | None, typer.Option(help="host:port of a real broker, instead of the embedded one")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="leave everything running at the end")] = False,
    pace: Annotated[float, typer.Option(min=0.0, help="speed of the simulated beamline: 0 is as fast as it can")] = 1.0,
) -> None:
    """Show a beamline at work: broker, headless worker and beamline, checked at the end."""
    from xafs_workers.demo.supervisor import DemoOptions, run

    raise typer.Exit(run(DemoOptions(output, kafka, data, keep, pace)))
