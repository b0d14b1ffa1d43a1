"""Athena projects: their content handed to the reduction, and the bytes waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

from xafs_workers.runtime.outcome import TryLater
from xafs_workers.storage.errors import Refused


class AthenaProjects:
    """Builder of Athena projects.

    Parameters
    ----------
    request_project
        Hands the content to the reduction and returns at once.
    timeout
        How long one attempt waits, seconds; then it is tried again, as if storage were away.
    """

    def __init__(self, request_project: Callable[[Mapping[str, Any]], Future[Mapping[str, Any]]], timeout: float):
        self._request_project, self._timeout = request_project, timeout

    def build_project(self, content: Mapping[str, Any]) -> bytes:
        """Return the project that holds what is given.

        Raises
        ------
        Refused
            The project cannot be made; the text gives the reason.
        TryLater
            The reduction does not answer.
        """
        made = self._request_project(content)
        try:
            values = made.result(self._timeout)
        except TimeoutError as error:
            made.cancel()
            raise TryLater(f"the reduction did not answer within {self._timeout:.0f} s") from error
        except CancelledError as error:
            raise TryLater("the worker ends") from error
        if "content" not in values:
            raise Refused(f"no Athena project: {values.get('problem', 'the reduction gave none')}")
        return values["content"]
