"""Characters that make a name look like another one: invisible, in another form, or of another alphabet."""

from __future__ import annotations

import re
import unicodedata

_SLASHES = frozenset("\u2044\u2215\u2216\u29f5\u29f8\u29f9\u2571\u2572")  # look like "/" or "\"
_OTHER_FORMS = ("<wide>", "<narrow>", "<font>", "<small>")  # Unicode decompositions to ASCII in another form
_WORD = re.compile(r"[^\W\d_]+")


def describe_confusable(name: str) -> str:
    """Describe for an error text what makes a name look like another one; '' if nothing does.

    Such characters are invisible ones (zero width, direction of text), ASCII in another form (full width,
    mathematical), ones that look like a slash or fold to dots, and Cyrillic among the Latin letters of one word.
    """
    if name.isascii():
        return ""
    odd = next((f"U+{ord(character):04X}" for character in name if _is_odd(character)), "")
    return odd or ("Cyrillic among Latin letters" if any(map(_is_mixed, _WORD.findall(name))) else "")


def _is_odd(character: str) -> bool:
    if character.isascii():
        return False
    form, _, base = unicodedata.decomposition(character).partition(" ")
    if form in _OTHER_FORMS and all(int(code, 16) < 0x80 for code in base.split()):
        return True
    folded = unicodedata.normalize("NFKC", character)
    return unicodedata.category(character) == "Cf" or character in _SLASHES or bool(set(folded) & set("./\\"))


def _is_mixed(word: str) -> bool:
    return {"LATIN", "CYRILLIC"} <= set(map(_get_script, word))


def _get_script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
