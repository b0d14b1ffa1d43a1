"""The command line: light until a command needs more, and its configuration described."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers.patience import SECONDS as PATIENCE
from xafs_workers.configuration import ConfigurationError, load
from xafs_workers.settings import Settings

HEAVY = (
    "matplotlib",
    "numpy",
    "pydantic",
    "confluent_kafka",
    "bluesky",
    "ophyd",
    "scipy",
    "xraydb",
    "event_model",
    "yaml",
)


def test_help_imports_no_heavy_modules() -> None:
    code = "import sys; import xafs_workers.cli.main; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [("bluesky", ["demo"], "demo"), ("matplotlib", ["plot-manager", "--headless"], "headless")],
)
def test_a_missing_extra_is_named_with_its_install_command(
    module: str, command: list[str], extra: str, tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from xafs_workers.cli.main import run; run()"
    config = tmp_path / "config.yaml"
    config.write_text(f"{{state_directory: {tmp_path}/state, kafka: {{bootstrap_servers: '127.0.0.1:1'}}}}")
    options = [] if command == ["demo"] else ["--config", str(config)]
    run = subprocess.run(
        [sys.executable, "-c", code, *command, *options], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path
    )
    assert run.returncode == 2
    assert run.stderr == f"{module} is not installed: pip install 'xafs-workers[{extra}]'\n"


def test_the_producer_imports_no_plotting() -> None:
    code = "import sys; import xafs_workers.producer.send; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "scipy", "bluesky", "ophyd", "xraydb", "larch", "tiled"} & set(loaded)


def test_the_headless_worker_imports_matplotlib_when_it_draws() -> None:
    code = "import sys; import xafs_workers.plots.worker; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "scipy", "bluesky", "PySide6", "larch", "tiled"} & set(loaded)


def test_help_names_every_command() -> None:
    run = subprocess.run([sys.executable, "-m", "xafs_workers", "--help"], capture_output=True, text=True, check=True)
    for command in ("plot-manager", "messages", "schema", "lint", "record", "replay", "demo", "config"):
        assert command in run.stdout


def test_the_committed_schema_matches_the_settings() -> None:
    committed = json.loads((Path(__file__).parents[2] / "docs" / "config.schema.json").read_text())
    assert committed == Settings.model_json_schema()


def test_options_override_environment_and_environment_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"beamline": "a", "storage": {"cycle": "file"}, "retention": {"scans": 7}}))
    monkeypatch.setenv("XAFS_WORKERS_STORAGE__CYCLE", "environment")
    monkeypatch.setenv("XAFS_WORKERS_BEAMLINE", "environment")
    settings = load(config, {"beamline": "option"})
    assert (settings.beamline, settings.storage.cycle, settings.retention.scans) == ("option", "environment", 7)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("beamlime: x", "beamlime"),
        ("storage: {cycel: x}", "storage.cycel"),
        ("retention: {scans: many}", "retention.scans"),
        ("- a list", "expected a mapping"),
        ("a: [", "config.yaml"),
    ],
)
def test_a_bad_configuration_names_file_and_key(content: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(content)
    with pytest.raises(ConfigurationError, match=said) as error:
        load(config)
    assert "config.yaml" in str(error.value)


def test_the_configuration_in_the_readme_loads(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    config = tmp_path / "config.yaml"
    config.write_text(readme.split("```yaml\n")[1].split("```")[0])
    assert load(config).get_topic("control") == "bmm.test"
