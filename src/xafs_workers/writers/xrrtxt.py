"""The text files of a reflectivity scan: scalars alone, and with the counts of each pixel."""

from __future__ import annotations

from xafs_workers.messages.xrrtxt import Xrrtxt
from xafs_workers.scans.spectra import get_column
from xafs_workers.writers.registry import CannotWrite, FileContents, WriterInput, register_writer
from xafs_workers.writers.spec_text import build_fixed_columns, format_spec
from xafs_workers.writers.xrrxdi import find_stub


@register_writer("xrrtxt", "XRR text", needs_image=True, is_numbered=True)
def build_files(message: Xrrtxt, material: WriterInput) -> FileContents:
    """Return the text files that a message asks for."""
    return build_text_files(find_stub(message.stub, material.run), message.style, material)


def build_text_files(stub: str, style: str, material: WriterInput) -> FileContents:
    """Build the file with scalars (`short`), the one with each pixel (`long`), or both."""
    made: dict[str, bytes | CannotWrite] = {}
    if style in ("short", "both"):
        made[f"{stub}_short.txt"] = build_content(f"{stub}_short.txt", material, with_image=False)
    if style in ("long", "both"):
        name = f"{stub}_XRR_MAT"
        try:
            made[name] = build_content(name, material, with_image=True)
        except CannotWrite as problem:
            if style == "long":
                raise
            made[name] = problem  # the other file is written all the same
    return made


def build_content(name: str, material: WriterInput, *, with_image: bool) -> bytes:
    """Return the text of one file.

    Raises
    ------
    CannotWrite
        Nothing was measured, or there is no image and one is wanted.
    MissingColumnError
        There is no angle.
    """
    names = material.config.goniometer
    get_column(material.run.points, names.eta)
    wanted = (
        ("delta", names.delta),
        ("eta", names.eta),
        ("nu", names.nu),
        ("attenuator", names.attenuator),
        ("mca_full", names.total),
        ("dir", names.direct),
        ("monitor", names.monitor),
        ("seconds", material.config.columns.dwell_time),
    )
    columns, missing = build_fixed_columns(material, wanted)
    return format_spec(name, material, columns, comments=missing, with_image=with_image)
