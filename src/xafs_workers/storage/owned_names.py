"""Names in a proposal folder that the program owns, and the check that a message does not use them as a target."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from xafs_workers.storage.errors import Refused, quote_value

# Indexes and logs that the program owns: only these are replaced or appended to.
OWNED_FILES = frozenset(
    {
        "dossier/MANIFEST",
        "dossier/00INDEX.html",
        "dossier/messagelog.html",
        "dossier/.rawlog",
        "file_manager.log",
        "headless.log",
    }
)
RESERVATIONS_FOLDER = "dossier/.sequence"

TOUCHABLE_FILES = frozenset({"dossier/MANIFEST"})
"""Owned files that a message may create empty, as the program itself would: plans of BMM do at a proposal's start."""

OWN_FOLDERS = frozenset({"dossier", "snapshots", "prj", "maps", "XRF"})
"""Folders into which the program writes; a file of such a name would be in the way of all that follows."""

RAW_DATA_FOLDER = "assets"
_ALLOWED_HIDDEN_NAMES = frozenset({".introduction_made", ".rawlog"})


def fold_name(name: str) -> str:
    """Return the form in which two names are compared that some file system takes for one.

    Such file systems ignore upper and lower case, Unicode's composition, or dots and blanks at the end.
    """
    return unicodedata.normalize("NFC", name).casefold().rstrip(". ")


def _fold_path(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(fold_name, parts))


_FOLDED_OWNED_FILES = frozenset(_fold_path(path.split("/")) for path in OWNED_FILES)
_FOLDED_RESERVATIONS = _fold_path(RESERVATIONS_FOLDER.split("/"))
_FOLDED_OWN_FOLDERS = frozenset(_fold_path((name,)) for name in OWN_FOLDERS)


def check_writable(relative: str, inside: Sequence[str]) -> None:
    """Raise Refused for a path that nothing writes: the proposal folder itself, raw data, hidden names.

    Parameters
    ----------
    relative
        Path as it was given, for the reason.
    inside
        Its components below the proposal folder.
    """
    if not inside:
        raise Refused(f"path {quote_value(relative)} is the proposal folder itself (expected a name in it)")
    if fold_name(inside[0]) == RAW_DATA_FOLDER:
        raise Refused(f"path {quote_value(relative)}: a worker never writes raw data ({RAW_DATA_FOLDER}/)")
    hidden = [name for name in inside if name.startswith(".") and name not in _ALLOWED_HIDDEN_NAMES]
    if hidden:
        allowed = " and ".join(sorted(_ALLOWED_HIDDEN_NAMES))
        raise Refused(f"path {quote_value(relative)}: hidden names are not written, except {allowed}")


def check_target(relative: str, inside: Sequence[str], *, is_folder: bool = False) -> None:
    """Raise Refused for a target that would break the program's own files: such a file, below one, or in its folder.

    Parameters
    ----------
    relative, inside
        As for `check_writable`.
    is_folder
        Whether a folder is made; otherwise a file, which cannot have the name of one of the program's own folders.
    """
    check_writable(relative, inside)
    folded = _fold_path(inside)
    ways = {folded[: depth + 1] for depth in range(len(folded))}
    if ways & _FOLDED_OWNED_FILES or _FOLDED_RESERVATIONS in ways:
        raise Refused(f"path {quote_value(relative)} is of the program's own indexes and logs (expected another name)")
    if not is_folder and folded in _FOLDED_OWN_FOLDERS:
        raise Refused(f"path {quote_value(relative)} is a folder of the program (expected a name in it)")


def is_touchable(inside: Sequence[str]) -> bool:
    """Check whether a message may create a file of the program, empty."""
    return "/".join(inside) in TOUCHABLE_FILES
