"""Messages that name runs which no board has yet wait in order, and in few threads."""

from __future__ import annotations

import pytest

from helpers.streams import CONTROL, EPOCH
from xafs_workers.catalog.errors import CatalogUnavailable, NotFound
from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.filemanager.awaited_runs import MAX_RUN_QUEUES, WAITING_QUEUES, AwaitedRuns
from xafs_workers.messages.parsing import parse
from xafs_workers.runtime.outcome import Postponed
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage, RecordPosition


class LateCatalog(FollowedRuns):
    """A catalog whose runs appear when a test wants."""

    def __init__(self, *present: str, trouble: Exception | None = None):
        super().__init__(Board, None, RetryPolicy(outage=0.0))
        self.present, self.trouble = set(present), trouble

    def give_up_at_once(self) -> None:
        self._retry_policy = RetryPolicy(appears_within=0.0)

    def find_run(self, uid: str) -> FinishedRun:
        if self.trouble is not None:
            raise self.trouble
        if uid not in self.present:
            raise NotFound(f"run {uid}: not there")
        return None  # type: ignore[return-value]


def ask(offset: int, uid: str = "a") -> ReceivedMessage:
    return ReceivedMessage(
        parse({"xasxdi": True, "uid": uid, "filename": "x.001"}), EPOCH, RecordPosition(CONTROL, 0, offset)
    )


def test_the_messages_of_a_run_go_on_in_order() -> None:
    catalog = LateCatalog()
    waits = AwaitedRuns(catalog, lambda control: False)
    first, second = ask(1), ask(2)
    assert waits.add_message("a", first) == waits.add_message("a", second)
    with pytest.raises(Postponed, match="not there"):
        waits.require_run("a", first)
    catalog.present.add("a")
    with pytest.raises(Postponed, match="an earlier message"):
        waits.require_run("a", second)
    waits.require_run("a", first)
    waits.require_run("a", second)


def test_a_dropped_message_holds_back_no_other() -> None:
    catalog = LateCatalog("a")
    first, second = ask(1), ask(2)
    waits = AwaitedRuns(catalog, lambda control: control is first)
    for one in (first, second):
        waits.add_message("a", one)
    waits.require_run("a", second)


def test_an_outage_has_no_end_but_an_absence_has() -> None:
    catalog = LateCatalog(trouble=CatalogUnavailable("away"))
    waits = AwaitedRuns(catalog, lambda control: False)
    waits.add_message("a", ask(1))
    for _ in range(3):
        with pytest.raises(Postponed, match="away"):
            waits.require_run("a", ask(1))
    catalog.trouble = None
    catalog.give_up_at_once()
    waits.add_message("b", ask(2, "b"))
    with pytest.raises(NotFound):
        waits.require_run("b", ask(2, "b"))


def test_many_unknown_runs_need_few_queues() -> None:
    waits = AwaitedRuns(LateCatalog(), lambda control: False)
    assert len({waits.add_message(str(n), ask(n, str(n))) for n in range(1000)}) == WAITING_QUEUES


def test_only_so_many_runs_have_a_queue_of_their_own() -> None:
    waits = AwaitedRuns(LateCatalog(), lambda control: False)
    assert all(waits.claim_own_queue(str(n)) for n in range(MAX_RUN_QUEUES))
    assert waits.claim_own_queue("0")
    assert not waits.claim_own_queue("more")
    waits.release_own_queue("0")
    assert not waits.claim_own_queue("more")
    waits.release_own_queue("0")
    assert waits.claim_own_queue("more")


def test_a_run_that_is_looked_for_gets_no_second_queue() -> None:
    waits = AwaitedRuns(LateCatalog(), lambda control: False)
    waits.add_message("a", ask(1))
    assert not waits.claim_own_queue("a")
