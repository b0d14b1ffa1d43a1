"""Late imports of Larch; no other module imports it.

The return types are `Any` because Larch's signatures declare the types of their defaults, not those they accept.
"""

from __future__ import annotations

from typing import Any


def import_xafs() -> Any:
    """Import `larch.xafs`: find_e0, pre_edge, autobk, xftf, estimate_noise, etok."""
    import larch.xafs

    return larch.xafs


def import_autobk_lmfit() -> Any:
    """Import the twin of `autobk` that minimises with lmfit; the attribute `larch.xafs.autobk` is a function."""
    from larch.xafs.autobk import autobk_lmfit

    return autobk_lmfit


def import_io() -> Any:
    """Import `larch.io`: create_athena, read_athena."""
    import larch.io

    return larch.io


def create_group(**attributes: Any) -> Any:
    """Create a Larch Group: Larch reads its input from the group and stores its results there."""
    from larch import Group

    return Group(__name__="spectrum", **attributes)


def get_version() -> str:
    """Return Larch's version."""
    import larch

    return str(larch.__version__)
