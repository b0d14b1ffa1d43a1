"""What is to be posted: said by a worker, carried out by whatever chat service is configured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """A text, or a picture with a title, for the channel of one proposal.

    Attributes
    ----------
    key
        Names the post for good: the id of the message that asked for it and a word for each of its posts. What is
        posted under a key is never posted again.
    session
        Data session of the proposal it belongs to; empty: the staff channel, never a group's.
    text
        The text; the title where there is a picture.
    picture
        Absolute path of a picture on disk; empty for a text.
    """

    key: str
    session: str
    text: str
    picture: str = ""


Poster = Callable[[Post], None]
"""Takes a post durably and returns at once."""


def discard_post(post: Post) -> None:
    """Post nothing: no chat service is configured."""
