"""The server of control messages that the settings name."""

from __future__ import annotations

from contextlib import ExitStack

from xafs_workers.producer.control_requests import RequestError, read_token
from xafs_workers.settings import Settings
from xafs_workers.sources.control_inbox import ControlInbox
from xafs_workers.sources.local_topics import LocalTopics


class ControlUnusable(RuntimeError):
    """The server cannot start; the text gives address and reason."""


def start_control(settings: Settings, stack: ExitStack) -> ControlInbox | None:
    """Start the server of control messages; the stack closes it.

    Returns
    -------
    ControlInbox or None
        It counts the requests; None where control messages come from Kafka, or not at all.

    Raises
    ------
    ControlUnusable
        The address is taken, or a token or key cannot be used.
    """
    control = settings.control
    if not control.is_local:
        return None
    inbox = ControlInbox(stack.enter_context(LocalTopics.open(settings)), settings)
    try:
        if control.http is not None:
            from xafs_workers.sources.control_http import HttpControlServer

            stack.callback(HttpControlServer(control.http, read_token(control.http.token_file), inbox).close)
        elif control.zmq is not None:
            from xafs_workers.sources.control_zmq import ZmqControlServer

            stack.callback(ZmqControlServer(control.zmq, inbox).close)
    except (OSError, ValueError, RequestError) as error:
        raise ControlUnusable(f"control messages: {error}") from error
    return inbox
