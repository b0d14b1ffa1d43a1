"""All kinds: registered, described, with an owner."""

from __future__ import annotations

import pkgutil

import pytest

import xafs_workers.messages
from helpers.examples import TODAYS_KINDS
from xafs_workers.messages.base import ControlMessage, kinds, list_kind_names
from xafs_workers.messages.parsing import parse
from xafs_workers.wire import decode, encode

NOT_KINDS = {"analysing", "base", "fields", "detectors", "parsing", "documents", "schema"}

FILE_MANAGER = """verbose logger refresh_slack describe_slack dossier echoslack mkdir copy touch xasxdi seadxdi lsxdi
raster next_index file_exists""".split()

every_class = pytest.mark.parametrize("key", list(kinds))


def test_the_28_kinds_of_todays_sessions_are_registered() -> None:
    assert len(TODAYS_KINDS) == 28
    assert list_kind_names() >= TODAYS_KINDS


def test_each_module_registers_its_kind() -> None:
    modules = {module.name for module in pkgutil.iter_modules(xafs_workers.messages.__path__)} - NOT_KINDS
    assert modules == list_kind_names()
    for message in kinds.discover().values():
        assert message.__module__ == f"xafs_workers.messages.{message.kind}"


@every_class
def test_a_class_is_registered_under_its_kind_and_action(key: str) -> None:
    message = kinds[key]
    assert key == (f"{message.kind}.{message.action}" if message.value == "action" else message.kind)
    assert message.value != "field" or message.kind in {field.alias for field in message.model_fields.values()}


@every_class
def test_each_class_is_documented(key: str) -> None:
    message = kinds[key]
    assert message.__doc__
    assert message.__doc__ != ControlMessage.__doc__
    assert "\n" not in message.__doc__
    for name, field in message.model_fields.items():
        assert field.description, name


@every_class
def test_a_message_is_parsed_again_from_its_body(key: str) -> None:
    """A dead letter quotes this body, and `dead-letters retry` parses it."""
    message = parse(kinds[key].example)
    assert parse(decode(encode("", message.to_body()))[1]) == message


@every_class
def test_the_example_parses_as_its_class(key: str) -> None:
    message = parse(kinds[key].example)
    assert type(message) is kinds[key]
    assert not message.extras


@every_class
def test_no_field_has_the_name_of_a_kind(key: str) -> None:
    fields = {field.alias or name for name, field in kinds[key].model_fields.items()}
    assert fields & list_kind_names() <= {kinds[key].kind}


@pytest.mark.parametrize("key", [key for key in kinds if kinds[key].kind in TODAYS_KINDS])
def test_each_action_has_its_owner(key: str) -> None:
    expected = "file-manager" if key.partition(".")[0] in FILE_MANAGER or key == "xrf.write" else "headless"
    assert kinds[key].owner == expected


def test_a_second_registration_is_refused() -> None:
    with pytest.raises(ValueError, match="is claimed by"):
        kinds.register("linescan.start")(kinds["linescan.start"])
