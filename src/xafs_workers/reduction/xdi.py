"""Reading of XDI files with Larch; only in the reduction's process, because Larch's reader is a C library."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def read_xdi(content: bytes) -> Mapping[str, Any]:
    """Read XDI content with Larch; return its `labels` and the number of `rows`, or the `problem`."""
    from larch.io.xdi import XDIFile

    with tempfile.TemporaryDirectory(prefix="xafs-workers-") as folder:
        path = Path(folder) / "data.xdi"
        path.write_bytes(content)
        try:
            with np.errstate(all="ignore"):  # it takes the logarithm of any counts
                found = XDIFile(str(path))
        except Exception as error:  # noqa: BLE001 - any error of Larch is the answer
            return {"problem": f"{type(error).__name__}: {error}"}
        return {"labels": [str(label) for label in found.array_labels], "rows": int(getattr(found, "npts", 0))}
