"""Times in zip archives of office programs: that of the content, so that the same content gives the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_FIRST_TIME = 315_619_200.0  # zip begins in 1980


def find_archive_time(seconds: float) -> datetime:
    """Return a POSIX time as an archive can hold it: whole seconds from 1980 on, UTC."""
    return datetime.fromtimestamp(max(seconds, _FIRST_TIME), UTC).replace(microsecond=0)


def keep_whole(name: str, data: bytes) -> Iterable[bytes]:
    """Return a part of an archive as one piece, unchanged."""
    return (data,)


def replace_archive_times(
    written: io.BytesIO, stamp: datetime, split: Callable[[str, bytes], Iterable[bytes]] = keep_whole
) -> bytes:
    """Return an archive with the time given in place of that of writing.

    Parameters
    ----------
    split
        Function from the name of a part and its content to the pieces to write.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(written) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in given.namelist():
            data = given.read(name)
            if name == "docProps/core.xml":
                data = _MODIFIED.sub(rb"\g<1>" + stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), data)
            entry = zipfile.ZipInfo(name, stamp.timetuple()[:6])
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            with archive.open(entry, "w") as part:
                for piece in split(name, data):
                    part.write(piece)
    return made.getvalue()
