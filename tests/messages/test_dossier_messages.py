"""Messages of dossiers."""

from __future__ import annotations

from helpers.examples import UID
from helpers.refused_messages import expect_refusal
from xafs_workers.messages.dossier import DossierSet
from xafs_workers.messages.parsing import parse


def test_the_fragments_of_a_dossier_may_be_long() -> None:
    message = parse({"dossier": "set", "instrument": "x" * 5_000_000})
    assert isinstance(message, DossierSet)
    assert expect_refusal({"dossier": "set", "ini": "x" * 5_000_001}).field == "ini"


def test_a_single_uid_becomes_a_list_of_one() -> None:
    message = parse({"dossier": "set", "uidlist": UID})
    assert isinstance(message, DossierSet)
    assert message.uidlist == (UID,)
