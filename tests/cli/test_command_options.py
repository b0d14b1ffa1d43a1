from datetime import datetime

import pytest
import typer

from xafs_workers.cli.options import WRONG_USE, moment, settings_from
from xafs_workers.settings import Settings

NOW = 1_741_010_400.0


def test_options_override_the_file_and_leave_the_rest(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("beamline: one\nkafka: {tag: xyz}\nstorage: {cycle: 2025-1}\n")
    settings = settings_from(config, "host:9092", None)
    assert (settings.beamline, settings.kafka.bootstrap_servers, settings.kafka.tag) == ("one", "host:9092", "xyz")
    settings = settings_from(config, None, "two", storage={"cycle": "2026-2", "proposals_root": None}, logging=None)
    assert settings.topic("control") == "two.test"
    assert (settings.storage.cycle, settings.kafka.bootstrap_servers, settings.kafka.tag) == ("2026-2", None, "xyz")
    assert settings.storage.proposals_root == Settings().storage.proposals_root


@pytest.mark.parametrize(
    ("content", "reason"),
    [("kafak: {}\n", "kafak"), ("kafka: {tag: []}\n", "kafka.tag"), ("[1]", "expected a mapping")],
)
def test_a_wrong_configuration_is_said_and_ends_with_two(tmp_path, capsys, content, reason):
    config = tmp_path / "config.yaml"
    config.write_text(content)
    with pytest.raises(typer.Exit) as left:
        settings_from(config)
    assert left.value.exit_code == WRONG_USE
    error = capsys.readouterr().err
    assert str(config) in error
    assert reason in error


@pytest.mark.parametrize(
    ("text", "before"), [("90s", 90), ("30m", 1800), ("30min", 1800), ("12h", 43200), ("2d", 172800), (" 1.5h", 5400)]
)
def test_durations_count_back(text, before):
    assert moment(text, NOW) == NOW - before


def test_dates_are_local_unless_they_say_otherwise():
    assert moment("2025-03-03T14:00:00+00:00", 0.0) == NOW
    assert moment("2025-03-03T14:00", 0.0) == datetime(2025, 3, 3, 14).astimezone().timestamp()


@pytest.mark.parametrize("text", ["", "12", "12x", "h", "-3h", "yesterday", "nanh"])
def test_other_texts_are_no_time(text):
    with pytest.raises(ValueError, match="expected a duration"):
        moment(text, NOW)
