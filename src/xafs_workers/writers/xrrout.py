"""All files of a reflectivity scan: XDI and text."""

from __future__ import annotations

from xafs_workers.messages.xrrout import Xrrout
from xafs_workers.scans.spectra import MissingColumnError
from xafs_workers.writers import xrrtxt, xrrxdi
from xafs_workers.writers.registry import CannotWrite, FileContents, WriterInput, register_writer


@register_writer("xrrout", "XRR data", needs_image=True, is_numbered=True)
def build_files(message: Xrrout, material: WriterInput) -> FileContents:
    """Return the files that a message asks for; one that cannot be made does not keep back the others."""
    stub = xrrxdi.find_stub(message.stub, material.run)
    made: dict[str, bytes | CannotWrite] = {}
    try:
        made[f"{stub}.xdi"] = xrrxdi.build_content(material)
    except MissingColumnError as problem:
        made[f"{stub}.xdi"] = CannotWrite(str(problem))
    return made | dict(xrrtxt.build_text_files(stub, message.style, material))
