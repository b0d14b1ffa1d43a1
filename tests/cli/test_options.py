from datetime import datetime

import pytest
import typer

from xafs_workers.cli.options import WRONG_USE, load_settings_or_exit, parse_time
from xafs_workers.settings import Settings

NOW = 1_741_010_400.0


def test_options_override_only_their_keys_of_the_file(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("beamline: one\nkafka: {tag: xyz}\nstorage: {cycle: 2025-1}\n")
    settings = load_settings_or_exit(config, "host:9092", None)
    assert (settings.beamline, settings.kafka.bootstrap_servers, settings.kafka.tag) == ("one", "host:9092", "xyz")
    settings = load_settings_or_exit(
        config, None, "two", storage={"cycle": "2026-2", "proposals_root": None}, logging=None
    )
    assert settings.get_topic("control") == "two.test"
    assert (settings.storage.cycle, settings.kafka.bootstrap_servers, settings.kafka.tag) == ("2026-2", None, "xyz")
    assert settings.storage.proposals_root == Settings().storage.proposals_root


@pytest.mark.parametrize(
    ("content", "reason"),
    [("kafak: {}\n", "kafak"), ("kafka: {tag: []}\n", "kafka.tag"), ("[1]", "expected a mapping")],
)
def test_a_wrong_configuration_is_reported_with_exit_code_2(tmp_path, capsys, content, reason):
    config = tmp_path / "config.yaml"
    config.write_text(content)
    with pytest.raises(typer.Exit) as left:
        load_settings_or_exit(config)
    assert left.value.exit_code == WRONG_USE
    error = capsys.readouterr().err
    assert str(config) in error
    assert reason in error


@pytest.mark.parametrize(
    ("text", "before"), [("90s", 90), ("30m", 1800), ("30min", 1800), ("12h", 43200), ("2d", 172800), (" 1.5h", 5400)]
)
def test_durations_are_subtracted_from_now(text, before):
    assert parse_time(text, NOW) == NOW - before


def test_dates_without_time_zone_are_local():
    assert parse_time("2025-03-03T14:00:00+00:00", 0.0) == NOW
    assert parse_time("2025-03-03T14:00", 0.0) == datetime(2025, 3, 3, 14).astimezone().timestamp()


@pytest.mark.parametrize("text", ["", "12", "12x", "h", "-3h", "yesterday", "nanh"])
def test_other_texts_are_refused_as_time(text):
    with pytest.raises(ValueError, match="expected a duration"):
        parse_time(text, NOW)
