"""Pages of the manual that are written from the models: every control message, every setting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xafs_workers.messages.schema import ActionDescription, KindDescription

WORKER_NAMES = {"file-manager": "the file manager", "headless": "the headless plot manager"}

DISPLAYS = "the screen, the browser view and the headless plot manager"
"""The workers that draw: in a window, in browsers, and as pictures."""

AUDIENCES = {"displays": DISPLAYS, "all": f"the file manager, {DISPLAYS}"}

MESSAGES_INTRODUCTION = """# Control messages

Written by `make pages` from the models that the workers read messages with.

A message is a mapping; on the wire it is msgpack of `[tag, message]`. The key that names the kind is there, its value
is the action. Of the workers that show or act on a message, one owns it: that worker answers.
Unknown further fields are kept and do no harm. A needed field that is missing, or one that cannot be understood, makes
the message a dead letter.
Every message may carry `message_id` (text): it is repeated in the answers. `end` is understood as `stop`.

From a session: `producer.kafka_message({...})`, in a plan `yield from producer.send_plan({...})`, from a terminal
`xafs-workers send '{...}'`. Wrappers around plans send most of these: [queueserver.md](queueserver.md).
"""

CONFIGURATION_INTRODUCTION = """# Configuration

Written by `make pages` from the settings. The file is YAML: `--config`, else `/etc/xafs-workers/config.yaml`, else
`~/.config/xafs-workers/config.yaml`. Each setting can be given by the environment too:
`XAFS_WORKERS_KAFKA__TAG=xas` is `kafka.tag`. Unknown keys are refused. For editors:
[config.schema.json](config.schema.json); examples: [examples/bmm.yaml](examples/bmm.yaml),
[examples/another-beamline.yaml](examples/another-beamline.yaml).

Where two defaults are given, the second is that of the profile `bmm`, which is in force unless the file has
`profile: plain`. A table or mapping in the file replaces the profile's.
"""


def render_messages_page() -> str:
    """Return the page of all control messages, as Markdown."""
    from xafs_workers.messages.schema import describe_kind, list_kind_names

    described = [describe_kind(name) for name in list_kind_names()]
    index = _render_table(["kind", "actions", "answered by", "meaning"], map(_build_index_row, described))
    return "\n".join(
        [
            MESSAGES_INTRODUCTION,
            *index,
            *_render_not_acted_on(described),
            *(line for kind in described for line in _render_kind(kind)),
            "",
        ]
    )


def _render_not_acted_on(kinds: Sequence[KindDescription]) -> Iterator[str]:
    """Yield the list of the messages that no worker acts on."""
    rows = [
        [f"`{kind.kind}`", action.value, action.not_acted_on]
        for kind in kinds
        for action in kind.actions
        if action.not_acted_on
    ]
    yield from (
        "",
        "## Messages that no worker acts on",
        "",
        "They are understood and answered; they are no dead letters.",
    )
    yield from ("", *_render_table(["kind", "action", "reason"], rows))


def render_configuration_page() -> str:
    """Return the page of all settings, as Markdown."""
    from xafs_workers.settings import Settings
    from xafs_workers.settings.profiles import DEFAULT_PROFILE, read_profile

    schema, profile = Settings.model_json_schema(), read_profile(DEFAULT_PROFILE)
    parts = {name: _find_part(schema, about) for name, about in schema["properties"].items()}
    own = {name: about for name, about in schema["properties"].items() if parts[name] is None}
    lines = [CONFIGURATION_INTRODUCTION, *_render_settings(own, {})]
    for name, part in parts.items():
        if part is not None:
            lines += [
                "",
                f"## {name}",
                "",
                part.get("description", ""),
                "",
                *_render_settings(part["properties"], profile.get(name, {})),
            ]
    return "\n".join([*lines, ""])


def _build_index_row(kind: KindDescription) -> list[str]:
    actions = ", ".join(action.value for action in kind.actions)
    return [f"[`{kind.kind}`](#{kind.kind})", actions, ", ".join(kind.owners), kind.summary]


def _render_kind(kind: KindDescription) -> Iterator[str]:
    yield from ("", f"## {kind.kind}", "", kind.summary)
    for action in kind.actions:
        yield from _render_action(kind.kind, action, several=len(kind.actions) > 1)


def _render_action(kind: str, action: ActionDescription, *, several: bool) -> Iterator[str]:
    if several:
        yield from ("", f"### {kind}: {action.value}", "", action.summary)
    yield from ("", _describe_workers(kind, action), "")
    if action.fields:
        rows = (
            [f"`{f.name}`", f.type, f.unit, _format_requirement(f.required, f.default), f.description]
            for f in action.fields
        )
        yield from _render_table(["field", "type", "unit", "if left out", "meaning"], rows)
        yield ""
    yield from ("```json", json.dumps(dict(action.example), ensure_ascii=False), "```")


def _describe_workers(kind: str, action: ActionDescription) -> str:
    """Describe which workers show or act on a message, and which one answers it."""
    from xafs_workers.figures.figure_builder import figure_builders

    owner = WORKER_NAMES[action.owner]
    if action.not_acted_on:
        return f"No worker acts on it: {action.not_acted_on}. {_capitalize(owner)} answers with this reason."
    if kind in figure_builders and action.owner == "headless":
        return f"Shown by {DISPLAYS}; {owner} answers."
    if action.audience in AUDIENCES:
        return f"{_capitalize(AUDIENCES[action.audience])} act on it; {owner} answers."
    return f"{_capitalize(owner)} acts on it and answers."


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _format_requirement(required: bool, default: Any) -> str:
    return "refused" if required else f"`{json.dumps(default, ensure_ascii=False)}`"


def _find_part(schema: Mapping[str, Any], about: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a part of the configuration, None where it is a single setting."""
    reference = about.get("$ref")
    return None if reference is None else schema["$defs"][reference.rpartition("/")[2]]


def _render_settings(properties: Mapping[str, Mapping[str, Any]], profile: Mapping[str, Any]) -> list[str]:
    rows = (
        [f"`{name}`", _format_default(about, profile.get(name)), about.get("description", "")]
        for name, about in properties.items()
    )
    return _render_table(["setting", "default", "meaning"], rows)


def _format_default(about: Mapping[str, Any], in_profile: Any) -> str:
    found = (about["default"],) if "default" in about else ()
    values = (*found, in_profile) if in_profile is not None and in_profile not in found else found
    return "; ".join(f"`{json.dumps(value, ensure_ascii=False)}`" for value in values)


def _render_table(header: list[str], rows: Any) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(map(_escape_cell, line))} |" for line in lines]


def _escape_cell(text: str) -> str:
    """Return a text in the form for a table cell: a `|` would end the cell, a `<` outside of code begin HTML."""
    kept = text if text.startswith("`") else text.replace("<", "&lt;")
    return kept.replace("|", "\\|")
