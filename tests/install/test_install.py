"""What `xafs-workers install` writes: units that systemd accepts, scripts under the document's names that run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xafs_workers.cli.main import app
from xafs_workers.configuration import load
from xafs_workers.install.plan import SCRIPTS, build_install_plan
from xafs_workers.install.topics import explain_refusal
from xafs_workers.settings import Settings

DOCUMENTED = {
    "run-filemanager",
    "run-plotmanager",
    "set-konsole-tab-title.sh",
    "tab-layout",
    "open-tabs.sh",
    "xafs_service",
    "xafs_services",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a machine on which everything is installed; its program only prints what it was given."""
    program = tmp_path / "xafs-workers"
    program.write_text('#!/bin/sh\necho "ran: $*"\nexit 3\n')
    program.chmod(0o755)
    settings = Settings(beamline="six", storage={"proposals_root": Path("/data/our proposals")})
    for file in build_install_plan(settings, target=tmp_path / "root", account="root", command=str(program)):
        file.write()
    return tmp_path / "root"


def installed(*options: str) -> str:
    result = CliRunner().invoke(app, ["install", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_documented_script_exists_and_can_run(root: Path) -> None:
    there = {path.name: path for path in root.rglob("*") if path.is_file()}
    assert set(there) >= DOCUMENTED
    for name in SCRIPTS:
        assert there[name].stat().st_mode & stat.S_IXUSR
        subprocess.run(["sh", "-n", there[name]], check=True)
    assert not [name for name, path in there.items() if "@" in path.read_text().replace("$@", "").replace("@s", "")]


@pytest.fixture
def _systemd() -> None:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("CI"):
            pytest.fail("no systemd-analyze")
        pytest.skip("no systemd-analyze")


@pytest.mark.usefixtures("_systemd")
def test_systemd_rates_the_services_as_well_confined(root: Path) -> None:
    """Its exposure goes from 0 to 10; an unhardened service has 9.6."""
    for unit in sorted((root / "etc/systemd/system").glob("*.service")):
        text = unit.read_text().replace("User=root", "User=staff")  # the tests' account need not exist for this
        unit.write_text(text)
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=25", "--no-pager", unit]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("_systemd")
def test_systemd_accepts_the_units(root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    for kind, scope in (("system", "--system"), ("user", "--user")):
        units = sorted((root / "etc/systemd" / kind).glob("*.service"))
        assert units
        done = subprocess.run(
            ["systemd-analyze", scope, "--man=no", "verify", *units], capture_output=True, text=True, env=environment
        )
        ours = [line for line in done.stderr.splitlines() if "xafs" in line]
        assert (done.returncode, ours) == (0, []), done.stderr


def test_writing_units_have_access_to_the_proposals(root: Path) -> None:
    units = {path.name: path.read_text() for path in root.rglob("*.service")}
    for name in ("xafs-workers-file-manager.service", "xafs-workers-plot-manager.service"):
        assert 'ReadWritePaths="-/data/our proposals"' in units[name]
        assert "User=root" in units[name]
        assert "RestrictSUIDSGID=yes" not in units[name], "folders made there inherit setgid, which it forbids"
    assert "plot-manager --screen" in units["xafs-workers-screen.service"]


def test_the_configuration_can_be_read(root: Path) -> None:
    settings = load(root / "etc/xafs-workers/config.yaml")
    assert (settings.beamline, settings.storage.proposals_root) == ("six", Path("/data/our proposals"))


def _here(root: Path, name: str) -> Path:
    """Return a copy of a script that finds its neighbours in the tests' folder."""
    path = root / "usr/local/bin" / name
    path.write_text(path.read_text().replace(" /usr/local/bin", f" {root}/usr/local/bin"))
    return path


@pytest.mark.parametrize(
    ("script", "command"), [("run-filemanager", "file-manager --x"), ("run-plotmanager", "plot-manager --x")]
)
def test_a_run_script_passes_options_and_the_exit_code(script: str, command: str, root: Path) -> None:
    link = root / "link"  # the document: symlinks in ~/bin
    link.symlink_to(_here(root, script))
    done = subprocess.run([link, "--x"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, f"ran: {command}\n")


def _with_tools(folder: Path, **tools: str) -> dict[str, str]:
    """Return an environment in whose path programs say how they were called."""
    folder.mkdir(exist_ok=True)
    for name, content in tools.items():
        (folder / name).write_text(f"#!/bin/sh\n{content}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


SAYS = 'echo "$(basename "$0") $*"'


def test_a_konsole_tab_gets_its_title(root: Path, tmp_path: Path) -> None:
    environment = _with_tools(tmp_path / "tools", qdbus6=f"{SAYS} >> {tmp_path}/said")
    environment |= {"KONSOLE_DBUS_SERVICE": "org.kde.konsole-1", "KONSOLE_DBUS_SESSION": "/Sessions/2"}
    subprocess.run([_here(root, "run-filemanager")], env=environment, check=False, capture_output=True)
    said = (tmp_path / "said").read_text()
    call = "qdbus6 org.kde.konsole-1 /Sessions/2 org.kde.konsole.Session.setTabTitleFormat"
    assert said.splitlines()[:2] == [f"{call} 0 File manager", f"{call} 1 File manager"]
    assert said.splitlines()[-1] == f"{call} 1 %d : %n"


@pytest.mark.parametrize("script", ["xafs_service", "xafs_services"])
@pytest.mark.parametrize(("word", "unit"), [("file", "file-manager"), ("plot", "plot-manager")])
def test_xafs_service_restarts_and_shows_the_log(script: str, word: str, unit: str, root: Path, tmp_path: Path) -> None:
    for name in ("xafs_service", "xafs_services"):
        _here(root, name)
    tools = {"systemctl": SAYS, "journalctl": SAYS, "id": "echo 1000", "dzdo": 'echo "dzdo"; "$@"'}
    environment = _with_tools(tmp_path / "tools", **tools)
    done = subprocess.run([root / "usr/local/bin" / script, word], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "dzdo",
        f"systemctl restart --no-block xafs-workers-{unit}.service",
        "dzdo",
        f"journalctl --follow --lines=20 --unit=xafs-workers-{unit}.service",
    ]


def test_xafs_service_asks_which_worker(root: Path) -> None:
    done = subprocess.run([root / "usr/local/bin/xafs_service", "screen"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "file|plot" in done.stderr


def test_open_tabs_uses_the_layout_with_a_tab_for_each_worker(root: Path, tmp_path: Path) -> None:
    environment = _with_tools(tmp_path / "tools", konsole=SAYS)
    done = subprocess.run([root / "usr/local/bin/open-tabs.sh"], env=environment, capture_output=True, text=True)
    _, separate, option, layout = done.stdout.split()
    assert (separate, option) == ("--separate", "--tabs-from-file")
    titles = [line.split(";;")[0] for line in (root / layout.lstrip("/")).read_text().splitlines()]
    assert titles == [f"title: {name}" for name in ("Visual plot manager", "File manager", "Headless plot manager")]


def test_no_file_is_written_without_apply(tmp_path: Path) -> None:
    output = installed("--target", str(tmp_path))
    assert "--apply" in output
    assert f"new                          {tmp_path}/usr/local/bin/xafs_service" in output
    assert list(tmp_path.iterdir()) == []


def test_an_installation_keeps_files_changed_by_hand(tmp_path: Path) -> None:
    target = ("--target", str(tmp_path))
    installed("--apply", *target)
    unit = tmp_path / "etc/systemd/system/xafs-workers-plot-manager.service"
    config = tmp_path / "etc/xafs-workers/config.yaml"
    for path in (unit, config):
        path.write_text("# mine\n" + path.read_text())
    output = installed("--apply", *target)
    assert "-# mine" in output, "the difference is shown"
    assert unit.read_text().startswith("# mine")
    installed("--apply", "--replace", *target)
    assert not unit.read_text().startswith("# mine")
    assert config.read_text().startswith("# mine")
    again = installed(*target)
    assert {line.split("  ")[0] for line in again.splitlines() if str(tmp_path) in line} == {
        "is there",
        "is there, yours",
    }


def test_units_start_the_running_installation(tmp_path: Path) -> None:
    installed("--apply", "--target", str(tmp_path), "--account", "staff")
    unit = (tmp_path / "etc/systemd/system/xafs-workers-file-manager.service").read_text()
    assert f"ExecStart={Path(sys.executable).parent}" in unit
    assert "User=staff" in unit
    command = (tmp_path / "usr/local/bin/xafs-workers").read_text()
    assert f"exec {Path(sys.executable).parent}" in command
    assert command.endswith('"$@"\n')
    assert not (tmp_path / "etc/sysusers.d").exists(), "the facility's account is not made"


def test_an_unwritable_target_is_reported(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where a folder is needed")
    result = CliRunner().invoke(app, ["install", "--apply", "--target", str(tmp_path)])
    assert result.exit_code == 1
    assert "with --target" in result.output


def test_refused_topics_are_explained_in_one_sentence() -> None:
    """The broker of the demo refuses all of them; the reason is stated once."""
    away = "Failed while waiting for controller: Local: Timed out"
    shown = explain_refusal({"b.test": away, "b.workers.status": away})
    assert shown.startswith(f"refused: b.test, b.workers.status: {away} (this broker makes no topics on request")
    shown = explain_refusal({"b.test": "Broker: Topic authorization failed", "b.workers.status": away})
    assert shown.endswith("(the administrator of Kafka can make them)")
