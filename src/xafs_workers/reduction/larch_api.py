"""The only lines that import Larch, late and untyped: its signatures name the types of defaults, not what it takes."""

from __future__ import annotations

from typing import Any


def import_xafs() -> Any:
    """Return `larch.xafs`: find_e0, pre_edge, autobk, xftf, estimate_noise, etok."""
    import larch.xafs

    return larch.xafs


def import_io() -> Any:
    """Return `larch.import_io`: create_athena, read_athena."""
    import larch.io

    return larch.io


def create_group(**attributes: Any) -> Any:
    """Return a fresh Group: Larch reads its input from it and leaves its results there."""
    from larch import Group

    return Group(__name__="spectrum", **attributes)


def get_version() -> str:
    """Return Larch's version."""
    import larch

    return str(larch.__version__)
