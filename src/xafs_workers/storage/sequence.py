"""The number of an XAFS sequence, on which all workers agree without talking."""

from __future__ import annotations

from xafs_workers.storage.errors import Conflict, Refused
from xafs_workers.storage.folder import ProposalFolder
from xafs_workers.storage.names import numbers_used

RESERVATIONS = "dossier/.sequence"

ATTEMPTS = 1000


def sequence_number(folder: ProposalFolder, stub: str, uid: str) -> int:
    """Return the number of the sequence whose first finished run is `uid`.

    Reserved by publishing a complete file that holds the uid as ``dossier/.sequence/<stub>-<NN>``, above every
    number that a reservation, dossier, picture or project of this stub has; whoever comes second finds it.

    Raises
    ------
    Refused
        The stub is no plain name.
    """
    if "/" in stub:
        raise Refused(f"stub {stub!r:.100}: expected a name without folders")
    for _ in range(ATTEMPTS):
        taken = numbers_used(folder.names(RESERVATIONS), f"{stub}-", "")
        for number in sorted(taken):
            if folder.read(_path(stub, number)) == uid.encode():
                return number
        number = 1 + max(taken | _used(folder, stub), default=0)
        try:
            folder.publish(_path(stub, number), uid.encode())
        except Conflict:
            continue
        return number
    raise Refused(f"no free number for {stub!r:.100} after {ATTEMPTS} attempts")


def _path(stub: str, number: int) -> str:
    return f"{RESERVATIONS}/{stub}-{number:02d}"


def _used(folder: ProposalFolder, stub: str) -> set[int]:
    pictures = folder.names("snapshots")
    return (
        numbers_used(folder.names("dossier"), f"{stub}-", ".html")
        | numbers_used(pictures, f"{stub}_", ".png")
        | numbers_used(pictures, f"{stub}_liveplot_", ".png")
        | numbers_used(folder.names("prj"), f"{stub}_", ".prj")
    )
