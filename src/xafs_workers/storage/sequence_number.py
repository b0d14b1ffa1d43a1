"""The number NN of a sequence, on which all workers agree without talking to each other.

A number is reserved by linking a complete file, its content the uid of the sequence's first finished run, to
`dossier/.sequence/<stub>-<NN>`. Which of several reservations of one uid counts (two workers that saw different foreign
files at the same moment) is settled by `dossier/.sequence/by-uid/<uid>@<stub>`, linked once; its content is the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from xafs_workers.storage.confined import check_component
from xafs_workers.storage.errors import Absent, Refused, Unavailable, shown
from xafs_workers.storage.proposals import RESERVATIONS, ProposalFolder

_NUMBER = r"(?P<number>[0-9]{2}|[1-9][0-9]{2,4})"
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}")
_BY_UID = "by-uid"
_LARGEST = 99_999
_SMALL = 4096  # bytes


def sequence_number(folder: ProposalFolder, stub: str, uid: str) -> int:
    """Return the number of a sequence, reserving it when nobody did before.

    Parameters
    ----------
    stub
        Beginning of the names of the sequence's files.
    uid
        Of the sequence's first finished run: the same uid gets the same number, always.

    Raises
    ------
    Refused
        A stub or a uid of which no name can be made.
    Unavailable
        The storage cannot be read or written now.
    """
    check_component(stub)
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise Refused(f"came {shown(uid)} as the uid of a sequence's first run: expected a run's uid")
    settled = check_component(f"{uid}@{stub}")
    known = _settled(folder, settled)
    if known is None:
        number = _reserved(folder, stub, uid)
        folder.reserve(f"{_BY_UID}/{settled}", f"{number}\n".encode())
        known = _settled(folder, settled)
    if known is None:
        raise Unavailable(f"{shown(folder.path)}: the number of {shown(stub)} was removed while it was reserved")
    return known


def _settled(folder: ProposalFolder, name: str) -> int | None:
    path = f"{RESERVATIONS}/{_BY_UID}/{name}"
    try:
        text = folder.read(path, limit=_SMALL).strip()
    except Absent:
        return None
    if not re.fullmatch(rb"[0-9]{1,5}", text):
        raise Refused(f"{folder.path}/{path}: came {shown(text)}, expected a number")
    return int(text)


def _reserved(folder: ProposalFolder, stub: str, uid: str) -> int:
    smallest = 1
    while True:
        taken = sorted(_numbers(folder, RESERVATIONS, rf"{re.escape(stub)}-{_NUMBER}"))
        for number in taken:
            if _owner(folder, stub, number) == uid:
                return number
        number = max([smallest, *(1 + used for used in [*taken, *_used(folder, stub)])])
        if number > _LARGEST:
            raise Refused(f"{shown(stub)}: all numbers up to {_LARGEST} are taken; expected another name")
        if folder.reserve(f"{stub}-{number:02d}", f"{uid}\n".encode()) or _owner(folder, stub, number) == uid:
            return number
        smallest = number + 1  # a listing over a network may be older than the reservation that was in the way


def _owner(folder: ProposalFolder, stub: str, number: int) -> str | None:
    try:
        return folder.read(f"{RESERVATIONS}/{stub}-{number:02d}", limit=_SMALL).decode(errors="replace").strip()
    except Refused:  # gone, or something that no worker put there
        return None


def _used(folder: ProposalFolder, stub: str) -> Iterator[int]:
    name = re.escape(stub)
    yield from _numbers(folder, "dossier", rf"{name}-{_NUMBER}\.html")
    yield from _numbers(folder, "snapshots", rf"{name}(?:_liveplot)?_{_NUMBER}\.(?:png|pdf|svg)")
    yield from _numbers(folder, "prj", rf"{name}_{_NUMBER}\.prj")


def _numbers(folder: ProposalFolder, where: str, pattern: str) -> Iterator[int]:
    for name in folder.listing(where):
        found = re.fullmatch(pattern, name)
        if found:
            yield int(found["number"])
