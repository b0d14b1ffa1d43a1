"""Number NN of a sequence, reserved with files so that all workers use the same number.

A worker reserves a number by linking a complete file to `dossier/.sequence/<stub>-<NN>`; the file contains the uid of
the sequence's first finished run. Two workers that saw different foreign files may reserve two numbers for one uid.
The file `dossier/.sequence/by-uid/<uid>@<stub>`, linked once, contains the number that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from xafs_workers.storage.confined import check_component
from xafs_workers.storage.errors import Absent, Refused, Unavailable, quote_value
from xafs_workers.storage.owned_names import RESERVATIONS_FOLDER
from xafs_workers.storage.proposals import ProposalFolder
from xafs_workers.storage.spelling import compose

_NUMBER = r"(?P<number>[0-9]{2}|[1-9][0-9]{2,4})"
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}")
_BY_UID = "by-uid"
_MAX_NUMBER = 99_999

RECENT_NUMBERS = 16
"""A reservation that was interrupted before its number was settled is looked for among so many of the newest. An older
one is left unused: the uid gets a new number, which counts for all workers as soon as it is settled."""

_READ_LIMIT = 4096  # bytes


def reserve_sequence_number(folder: ProposalFolder, stub: str, uid: str) -> int:
    """Return the number of a sequence; reserve a new one if it has none.

    Parameters
    ----------
    folder
        Proposal folder of the sequence.
    stub
        Beginning of the names of the sequence's files.
    uid
        Uid of the sequence's first finished run; the same uid always gets the same number.

    Raises
    ------
    Refused
        The stub or the uid cannot be part of a file name.
    Unavailable
        The storage cannot be read or written now.
    """
    stub = compose(check_component(stub))
    if not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise Refused(f"uid of a sequence's first run: got {quote_value(uid)} (expected a run's uid)")
    settled = check_component(f"{uid}@{stub}")
    known = _read_settled(folder, settled)
    if known is None:
        number = _reserve_number(folder, stub, uid)
        folder.reserve(f"{_BY_UID}/{settled}", f"{number}\n".encode())
        known = _read_settled(folder, settled)
    if known is None:
        raise Unavailable(
            f"{quote_value(folder.path)}: the number of {quote_value(stub)} was removed while it was reserved"
        )
    return known


def _read_settled(folder: ProposalFolder, name: str) -> int | None:
    path = f"{RESERVATIONS_FOLDER}/{_BY_UID}/{name}"
    try:
        text = folder.read(path, limit=_READ_LIMIT).strip()
    except Absent:
        return None
    if not re.fullmatch(rb"[0-9]{1,5}", text):
        raise Refused(f"{folder.path}/{path}: got {quote_value(text)} (expected a number)")
    return int(text)


def _reserve_number(folder: ProposalFolder, stub: str, uid: str) -> int:
    smallest = 1
    while True:
        taken = sorted(_find_numbers(folder, RESERVATIONS_FOLDER, stub, f"-{_NUMBER}"))
        for number in taken[-RECENT_NUMBERS:]:
            if _read_owner(folder, stub, number) == uid:
                return number
        number = max([smallest, *(1 + used for used in [*taken, *_find_used_numbers(folder, stub)])])
        if number > _MAX_NUMBER:
            raise Refused(f"{quote_value(stub)}: all numbers up to {_MAX_NUMBER} are taken (expected another name)")
        if folder.reserve(f"{stub}-{number:02d}", f"{uid}\n".encode()) or _read_owner(folder, stub, number) == uid:
            return number
        smallest = number + 1  # a listing over a network may be older than the reservation that took the number


def _read_owner(folder: ProposalFolder, stub: str, number: int) -> str | None:
    try:
        return (
            folder.read(f"{RESERVATIONS_FOLDER}/{stub}-{number:02d}", limit=_READ_LIMIT)
            .decode(errors="replace")
            .strip()
        )
    except Refused:  # removed, or not written by a worker
        return None


def _find_used_numbers(folder: ProposalFolder, stub: str) -> Iterator[int]:
    yield from _find_numbers(folder, "dossier", stub, rf"-{_NUMBER}\.html")
    yield from _find_numbers(folder, "snapshots", stub, rf"(?:_liveplot)?_{_NUMBER}\.(?:png|pdf|svg)")
    yield from _find_numbers(folder, "prj", stub, rf"_{_NUMBER}\.prj")


def _find_numbers(folder: ProposalFolder, where: str, stub: str, end: str) -> Iterator[int]:
    """Yield the numbers of the files in a folder whose name is a stub and an end that matches a pattern."""
    match_end, length = re.compile(end).fullmatch, len(stub)
    for name in folder.list_names(where):
        if name.startswith(stub) and (found := match_end(name, length)):
            yield int(found["number"])
