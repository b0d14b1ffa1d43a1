"""The flag that replaces `:flag:` in a text."""

from __future__ import annotations

import hashlib

MARK = ":flag:"

COUNTRIES = (
    "ar au at be br ca cl cn hr cz dk ee fi fr de gr hu is in ie il it jp ke kr lv lt lu mx nl nz ng no pl pt ro sg sk"
    " si za es se ch tw th tr ua gb us uy vn"
).split()
"""Codes of countries (ISO 3166-1 alpha-2)."""


def replace_flags(text: str, key: str) -> str:
    """Replace each `:flag:` in a text by a flag.

    Parameters
    ----------
    key
        Permanent name of the text: a text that is written or posted again has the same flags.
    """
    parts = text.split(MARK)
    flags = (_choose_flag(f"{key}/{number}") for number in range(1, len(parts)))
    return parts[0] + "".join(f"{flag}{part}" for flag, part in zip(flags, parts[1:], strict=True))


def _choose_flag(key: str) -> str:
    """Return a flag as a character, which Slack and browsers show alike."""
    digest = hashlib.sha256(key.encode(errors="surrogateescape")).digest()
    code = COUNTRIES[int.from_bytes(digest[:4], "big") % len(COUNTRIES)]
    return "".join(chr(ord("\N{REGIONAL INDICATOR SYMBOL LETTER A}") + ord(letter) - ord("a")) for letter in code)
