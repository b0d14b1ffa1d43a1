"""XDI read by Larch, of a file in a private folder. Only in the reduction's process: the reader is a library of C."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_xdi(content: bytes) -> Mapping[str, Any]:
    """Return `labels`, as Larch calls them, and `rows`; or the `problem`."""
    from larch.io.xdi import XDIFile

    with tempfile.TemporaryDirectory(prefix="xafs-workers-") as folder:
        path = Path(folder) / "data.xdi"
        path.write_bytes(content)
        try:
            found = XDIFile(str(path))
        except Exception as error:  # noqa: BLE001 - whatever Larch says of a file is the answer
            return {"problem": f"{type(error).__name__}: {error}"}
        return {"labels": [str(label) for label in found.array_labels], "rows": int(getattr(found, "npts", 0))}
