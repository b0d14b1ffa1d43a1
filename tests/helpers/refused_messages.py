"""Messages that the parser refuses, and one to change."""

from __future__ import annotations

from typing import Any

import pytest

from xafs_workers.messages.base import InvalidMessage, kinds
from xafs_workers.messages.parsing import parse

XAFS_START = dict(kinds["xafsscan.start"].example)


def expect_refusal(body: Any) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse(body)
    return caught.value
