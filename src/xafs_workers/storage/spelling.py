"""Spellings of a name that look the same: Unicode has composed and decomposed forms of many letters (NFC, NFD).

Rule for all paths: the spelling that exists is used, first the one given, then the composed, then the decomposed one. A
new name is composed. So no two files of a group look the same.
"""

from __future__ import annotations

import os
import unicodedata

from xafs_workers.storage.confined import RootedPath, open_folder
from xafs_workers.storage.errors import StorageError, translate_os_errors


def compose(text: str) -> str:
    """Return text in the composed form (NFC), in which names are compared."""
    return unicodedata.normalize("NFC", text)


def find_spelling(place: RootedPath, depth: int) -> RootedPath:
    """Return a path in the spelling that exists; its first `depth` components are used as given."""
    if all(map(str.isascii, place.parts[depth:])):
        return place
    parts = place.parts[:depth]
    for name in place.parts[depth:]:
        parts = (*parts, _choose_spelling(RootedPath(place.root, parts), name))
    return RootedPath(place.root, parts)


def _choose_spelling(folder: RootedPath, name: str) -> str:
    composed = compose(name)
    spellings = dict.fromkeys((name, composed, unicodedata.normalize("NFD", name)))
    if len(spellings) == 1:
        return name
    try:
        with open_folder(folder) as handle, translate_os_errors(folder.path):
            return next((one for one in spellings if _exists(handle, one)), composed)
    except StorageError:
        return composed  # the folder does not exist, or what opens it next reports why it cannot


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
