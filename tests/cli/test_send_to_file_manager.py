"""The commands `send`, `dead-letters` and `regenerate` with the real file manager, and `ask` with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from helpers.processes import Station
from xafs_workers.cli.main import app
from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.requests import RequestClient, extract_value
from xafs_workers.simulation.broker import EmbeddedBroker
from xafs_workers.simulation.tiled_server import TiledServer
from xafs_workers.writers.xdi_reader import read


class CommandStation(Station):
    """A file manager on topics of its own."""

    command = ("file-manager",)

    @property
    def session(self) -> Path:
        return self.folder / "proposals/2026-3/pass-123456"

    def call(self, *arguments: Any) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*map(str, arguments), "--config", str(self.config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, re.sub(r"\x1b\[\d*m", "", result.output)


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, embedded_broker: EmbeddedBroker, tiled_server: TiledServer
) -> Iterator[CommandStation]:
    made = CommandStation(
        tmp_path_factory.mktemp("office"),
        embedded_broker.bootstrap_servers,
        lambda name, count: embedded_broker.create_topic(name),
        "sendoffice",
        catalog={"uri": tiled_server.uri, "api_key_file": str(tiled_server.api_key_file)},
    )
    made.start()
    yield made
    made.close()


def test_questions_are_answered_from_the_files_on_disk(office: CommandStation) -> None:
    question = json.dumps({"next_index": True, "folder": str(office.session), "stub": "foil"})
    assert office.call("send", question) == (0, "1\n")
    made = office.session / "foil.007"
    assert office.call("send", json.dumps({"touch": str(made)})) == (0, f"file-manager: done\n  {made}\n")
    assert office.call("send", question) == (0, "8\n")


def test_a_session_gets_the_reason_of_a_refusal(office: CommandStation) -> None:
    (office.session / "there").touch()
    asker = RequestClient(office.settings)
    exists = {"file_exists": True, "folder": str(office.session)}
    assert extract_value(asker.ask({**exists, "filename": "there"})) is True
    assert extract_value(asker.ask({**exists, "filename": "free"})) is False
    with pytest.raises(NoAnswer, match=r"failed: .*/etc"):
        extract_value(asker.ask({"file_exists": True, "folder": "/etc", "filename": "passwd"}))
    asker.close()


def test_a_failed_action_is_resent_from_the_dead_letters(office: CommandStation) -> None:
    late = office.folder / "proposals/2026-3/pass-2"
    code, output = office.call("send", json.dumps({"touch": str(late / "x"), "message_id": "plan-1"}))
    assert code == 1, output
    office.wait(lambda: bool(office.received["dead-letter"]), "the dead letter")
    code, output = office.call("dead-letters", "list", "--json")
    (letter,) = (one for one in map(json.loads, output.splitlines()) if one["kind"] == "touch")
    late.mkdir()
    assert office.call("dead-letters", "retry", letter["record"]) == (0, f"file-manager: done\n  {late / 'x'}\n")
    assert (late / "x").exists()
    office.wait(lambda: _states(office, "plan-1")[-1:] == ["done"], "the answer under the first message's id")
    assert "failed" in _states(office, "plan-1")


def _states(office: CommandStation, message_id: str) -> list[str]:
    return [answer["state"] for answer in office.received["answer"] if answer["message_id"] == message_id]


def test_a_regenerated_data_file_does_not_overwrite_another(office: CommandStation, followed: tuple[str, Any]) -> None:
    uid, _ = followed
    path = office.session / "fe.001"
    assert office.call("regenerate", uid) == (0, f"file-manager: done\n  {path}\n")
    content = path.read_bytes()
    assert read(content).data.shape[1] > 10
    path.unlink()
    path.write_text("edited by hand")
    code, output = office.call("regenerate", uid)
    assert code == 1
    assert str(path) in output
    assert path.read_text() == "edited by hand"
    assert office.call("regenerate", uid, "--overwrite") == (0, f"file-manager: done\n  {path}\n")
    assert path.read_bytes() == content
