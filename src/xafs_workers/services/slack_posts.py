"""Posts that workers hand over to the configured chat service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """A text, or a picture with a title, for the channel of one proposal.

    Attributes
    ----------
    key
        Permanent name of the post: the id of the message that requested it and a word for each of its posts. A key
        is posted only once.
    session
        Data session of the proposal; empty for the staff channel.
    text
        Text of the post, or title of the picture.
    picture
        Absolute path of a picture on disk; empty for a text.
    """

    key: str
    session: str
    text: str
    picture: str = ""


Poster = Callable[[Post], None]
"""Function that stores a post durably and returns at once."""


def discard_post(post: Post) -> None:
    """Discard a post, because no chat service is configured."""
