"""Pages of the manual that are written from the models: every control message, every setting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xafs_workers.messages.schema import ActionDescription, KindDescription

WORKERS = {"file-manager": "the file manager", "headless": "the headless plot manager"}

MESSAGES = """# Control messages

Written by `make docs` from the models that the workers read messages with.

A message is a mapping; on the wire it is msgpack of `[tag, message]`. The key that names the kind is there, its value
is the action. One worker owns each kind: it acts on the message and answers it. Unknown further fields are kept
and do no harm. A needed field that is missing, or one that cannot be understood, makes the message a dead letter.
Every message may carry `message_id` (text): it is repeated in the answers. `end` is understood as `stop`.

From a session: `producer.kafka_message({...})`, in a plan `yield from producer.send_plan({...})`, from a terminal
`xafs-workers send '{...}'`. Wrappers around plans send most of these: [queueserver.md](queueserver.md).
"""

CONFIGURATION = """# Configuration

Written by `make docs` from the settings. The file is YAML: `--config`, else `/etc/xafs-workers/config.yaml`, else
`~/.config/xafs-workers/config.yaml`. Each setting can be given by the environment too:
`XAFS_WORKERS_KAFKA__TAG=xas` is `kafka.tag`. Unknown keys are refused. For editors:
[config.schema.json](config.schema.json); an example: [examples/another-beamline.yaml](examples/another-beamline.yaml).
"""


def messages_page() -> str:
    """Return the page of all control messages, as Markdown."""
    from xafs_workers.messages.schema import describe, kind_names

    described = [describe(name) for name in kind_names()]
    index = _table(["kind", "actions", "meaning"], map(_index_row, described))
    return "\n".join([MESSAGES, *index, *(line for kind in described for line in _kind(kind)), ""])


def configuration_page() -> str:
    """Return the page of all settings, as Markdown."""
    from xafs_workers.settings import Settings

    schema = Settings.model_json_schema()
    parts = {name: _part(schema, about) for name, about in schema["properties"].items()}
    own = {name: about for name, about in schema["properties"].items() if parts[name] is None}
    lines = [CONFIGURATION, *_settings(own)]
    for name, part in parts.items():
        if part is not None:
            lines += ["", f"## {name}", "", part.get("description", ""), "", *_settings(part["properties"])]
    return "\n".join([*lines, ""])


def _index_row(kind: KindDescription) -> list[str]:
    return [f"[`{kind.kind}`](#{kind.kind})", ", ".join(action.value for action in kind.actions), kind.summary]


def _kind(kind: KindDescription) -> Iterator[str]:
    yield from ("", f"## {kind.kind}", "", kind.summary)
    for action in kind.actions:
        yield from _action(kind.kind, action, several=len(kind.actions) > 1)


def _action(kind: str, action: ActionDescription, *, several: bool) -> Iterator[str]:
    if several:
        yield from ("", f"### {kind}: {action.value}", "", action.summary)
    yield from ("", f"For {WORKERS[action.owner]}.", "")
    if action.fields:
        rows = ([f"`{f.name}`", f.type, f.unit, _needed(f.required, f.default), f.description] for f in action.fields)
        yield from _table(["field", "type", "unit", "if left out", "meaning"], rows)
        yield ""
    yield from ("```json", json.dumps(dict(action.example), ensure_ascii=False), "```")


def _needed(required: bool, default: Any) -> str:
    return "refused" if required else f"`{json.dumps(default, ensure_ascii=False)}`"


def _part(schema: Mapping[str, Any], about: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a part of the configuration, None where it is a single setting."""
    reference = about.get("$ref")
    return None if reference is None else schema["$defs"][reference.rpartition("/")[2]]


def _settings(properties: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = ([f"`{name}`", _default(about), about.get("description", "")] for name, about in properties.items())
    return _table(["setting", "default", "meaning"], rows)


def _default(about: Mapping[str, Any]) -> str:
    return f"`{json.dumps(about['default'], ensure_ascii=False)}`" if "default" in about else ""


def _table(header: list[str], rows: Any) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _cell(text: str) -> str:
    """Return a text as it stands in a cell: a `|` would end the cell, a `<` outside of code begin HTML."""
    kept = text if text.startswith("`") else text.replace("<", "&lt;")
    return kept.replace("|", "\\|")
