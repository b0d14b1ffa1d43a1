"""Checks of the other services that a worker depends on: Tiled, Redis, Slack, a display."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from xafs_workers.diagnostics.doctor.finding import (
    Case,
    Finding,
    report_fault,
    report_ok,
    report_problem,
    report_warning,
)
from xafs_workers.diagnostics.doctor.folders import find_newest_session

SCOPES = {
    "chat:write": "to post",
    "files:write": "to post pictures",
    "files:read": "to see whether a picture was posted, when the answer was lost",
    "channels:history": "to see whether a text was posted, when the answer was lost (or groups:history)",
}
NO_EARLIER_RUNS = "figures of runs from before the start of this worker stay empty"
MAX_CHANNELS = 10
"""So many configured channels are asked about."""


def check_tiled(case: Case) -> Iterator[Finding]:
    """Find out whether finished runs can be read."""
    catalog = case.settings.catalog
    if not catalog.configured:
        if case.role == "file-manager":
            text = "no catalog is configured: data files of runs cannot be written"
            yield report_fault("tiled", text, "set catalog.profile, or catalog.uri and catalog.path")
        else:
            yield report_ok("tiled", "no catalog is configured; only the file manager needs one")
        return
    from xafs_workers.catalog.connection import Connection
    from xafs_workers.catalog.errors import CatalogError, CatalogRefused

    connection = Connection(catalog)
    try:
        with connection.open_runs() as runs:
            count = len(runs)
        yield report_ok(
            "tiled", f"{catalog.uri or catalog.profile}{'/' if catalog.path else ''}{catalog.path}: {count} runs"
        )
    except CatalogRefused as error:
        remedy = "check catalog.uri, catalog.path, and the key in catalog.api_key_file"
        yield report_problem(case, "tiled", str(error), remedy, viewer_effect=NO_EARLIER_RUNS)
    except CatalogError as error:
        remedy = "start the Tiled server, or correct catalog.uri; files wait until it is back"
        yield report_problem(case, "tiled", str(error), remedy, viewer_effect=NO_EARLIER_RUNS)
    except ImportError as error:
        yield report_fault("tiled", f"its client is not installed: {error}", "install xafs-workers[reduction]")
    finally:
        connection.close()


def check_redis(case: Case) -> Iterator[Finding]:
    """Find out whether the key store answers."""
    url = case.settings.key_store.url
    if url is None:
        yield report_ok("redis", "no key store is configured: nothing is written there")
        return
    try:
        import redis as driver

        from xafs_workers.services.key_store import open_client
    except ImportError:
        yield report_fault("redis", "a key store is configured, but no driver", "install xafs-workers[redis]")
        return
    where = url.rpartition("@")[2]
    client: Any = None
    try:
        client = open_client(case.settings.key_store, case.timeout)
        client.ping()
        yield report_ok("redis", f"{where} answers")
    except (driver.RedisError, OSError, ValueError) as error:
        text = f"{where}: {type(error).__name__}: {error}"
        remedy = "start it, or correct key_store; today's plans get no replies without it"
        effect = "a picked position reaches plans through the answers topic alone"
        yield report_problem(case, "redis", text, remedy, viewer_effect=effect)
    finally:
        if client is not None:
            client.close()


def check_slack(case: Case) -> Iterator[Finding]:
    """Find out whether posts can be made, and where to."""
    from xafs_workers.services.slack.token import TOKEN_VARIABLE, TokenMissing, read_token

    if case.is_viewer:
        yield report_ok("slack", "not needed: only the workers that write files post")
        return
    settings = case.settings.slack
    try:
        token = read_token(settings)
    except TokenMissing as missing:
        yield report_fault("slack", str(missing), "put the bot token there, readable for this account alone")
        return
    if token is None:
        yield report_ok("slack", f"off: neither slack.token_file nor ${TOKEN_VARIABLE} is set")
        return
    try:
        from xafs_workers.services.slack.chat import RateLimited, ResultUnknown, SlackClient, SlackRefused
    except ImportError:
        yield report_fault("slack", "a token is configured, but no slack-sdk", "install xafs-workers[slack]")
        return
    chat = SlackClient(token, settings.base_url, settings.timeout)
    try:
        identity, scopes = chat.check_token()
    except SlackRefused as refusal:
        yield report_fault(
            "slack", f"the token is refused: {refusal.error}", "put a valid bot token into slack.token_file"
        )
        return
    except (RateLimited, ResultUnknown) as trouble:
        yield report_fault(
            "slack", str(trouble), "check slack.base_url and the network (proxy); posts wait until it answers"
        )
        return
    yield report_ok("slack", f"the token of {identity.get('user')} in {identity.get('team')} is valid")
    yield from _check_scopes(scopes)
    yield from _check_channels(case, chat)


def _check_scopes(scopes: frozenset[str]) -> Iterator[Finding]:
    known = scopes | ({"channels:history"} if "groups:history" in scopes else set())
    missing = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in known]
    if scopes and missing:
        yield report_warning("slack", f"the token lacks {', '.join(missing)}", "give the Slack app these scopes")


def _check_channels(case: Case, chat: Any) -> Iterator[Finding]:
    from xafs_workers.services.slack.channels import ChannelDirectory, ChannelNotFound, LookupUnavailable

    settings = case.settings.slack
    channels = ChannelDirectory(settings, case.settings.beamline)
    folder = find_newest_session(case)
    session = case.session or (folder.name if folder else None)
    sessions = ["", *([session] if session else []), *sorted(settings.channels)[:MAX_CHANNELS]]
    for one in dict.fromkeys(sessions):
        name = one or "the staff"
        try:
            yield _check_channel(chat, channels.find_channel(one), name)
        except ChannelNotFound as reason:
            remedy = "set slack.channels or slack.lookup_url" if one else "set slack.staff_channel"
            yield report_warning("slack", f"{name} has no channel, so nothing is posted: {reason}", remedy)
        except LookupUnavailable as away:
            yield report_fault("slack", str(away), "check slack.lookup_url; posts wait until it answers")


def _check_channel(chat: Any, channel: str, name: str) -> Finding:
    from xafs_workers.services.slack.chat import RateLimited, ResultUnknown, SlackRefused

    try:
        found = chat.read_channel(channel)
    except SlackRefused as refusal:
        if refusal.error == "missing_scope":
            text = f"channel {channel} of {name} cannot be looked at: {refusal}"
            return report_warning("slack", text, "give the Slack app channels:read and groups:read")
        text = f"channel {channel} of {name}: {refusal.error}"
        return report_fault("slack", text, "correct its id, and invite the bot into it")
    except (RateLimited, ResultUnknown) as trouble:
        return report_warning("slack", f"channel {channel} of {name}: {trouble}", "look again")
    if found.get("is_archived") or not found.get("is_member", True):
        what = "is archived" if found.get("is_archived") else "does not have the bot as a member"
        return report_fault(
            "slack", f"channel {found.get('name')} of {name} {what}", "invite the bot: /invite in that channel"
        )
    return report_ok("slack", f"{name}: channel {found.get('name')}")


def check_display(case: Case) -> Iterator[Finding]:
    """Find out whether a window can be shown."""
    if case.role not in ("screen", None):
        return
    if case.role is None and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield report_ok("display", "none here; only the screen worker needs one")
        return
    from xafs_workers.viewers.display_check import find_missing_part

    missing = find_missing_part()
    if missing:
        yield report_fault(
            "display", f"missing: {missing}", "run it in the session of whoever sits at the screen (ssh -X is none)"
        )
    else:
        yield report_ok("display", "a window can be shown")
