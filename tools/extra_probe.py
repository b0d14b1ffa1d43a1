"""Use what one extra installs, in the environment that runs this program: `python tools/extra_probe.py headless`.

Workers run against the embedded broker until `xafs-workers status` calls them well. Exit code 0: it works.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xafs_workers.settings import Settings
from xafs_workers.simulation.broker import EmbeddedBroker

PROGRAM = (sys.executable, "-m", "xafs_workers")
PATIENCE = 120.0
"""Longest wait for a worker, seconds."""


def find_free_port() -> int:
    """Find a port on which no program of this machine listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_beamline(**more: object) -> Iterator[Path]:
    """Start a broker and write a configuration for it, in a folder of its own; yield the configuration's path."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker(Settings()) as broker:
        (Path(folder) / "proposals").mkdir()
        content = {
            "kafka": {"bootstrap_servers": broker.bootstrap_servers},
            "storage": {"proposals_root": f"{folder}/proposals"},
            "state_directory": f"{folder}/state",
            "logging": {"heartbeat_seconds": 0.5},
            **more,
        }
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(content))  # JSON is YAML
        yield path


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `xafs-workers` with arguments."""
    return subprocess.run([*PROGRAM, *arguments], text=True, capture_output=True, check=False, timeout=PATIENCE)  # noqa: S603


def check_worker(*command: str, then: Callable[[str], None] = lambda config: None, **settings: object) -> None:
    """Start a worker, wait until it is well, do something with it, and stop it."""
    with open_beamline(**settings) as path:
        config = str(path)
        worker = subprocess.Popen([*PROGRAM, *command, "--config", config])  # noqa: S603
        try:
            deadline = time.monotonic() + PATIENCE
            # `--expect ""`: whichever worker this is, it runs alone.
            while call("status", "--once", "--expect", "", "--config", config).returncode != 0:
                if worker.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command} is not well: {call('status', '--json', '--config', config).stdout}")
                time.sleep(0.5)
            then(config)
        finally:
            worker.terminate()
            code = worker.wait(PATIENCE)
        if code != 0:
            raise RuntimeError(f"{command} ended with {code}")


def ask(message: str) -> Callable[[str], None]:
    """Return a function that sends a message and expects an answer that is no failure."""

    def send(config: str) -> None:
        done = call("send", message, "--config", config)
        if done.returncode != 0:
            raise RuntimeError(f"{message}: {done.stdout}{done.stderr}")

    return send


def check_metrics() -> None:
    """Start a worker and read its metrics."""
    port = find_free_port()

    def read_metrics(_config: str) -> None:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        if "xafs_worker" not in text:
            raise RuntimeError(text)

    check_worker("file-manager", then=read_metrics, metrics={"ports": {"file-manager": port}})


def check_doctor(part: str, expected: str, **settings: object) -> None:
    """Run `doctor` and expect a text in the finding about a part."""
    with open_beamline(**settings) as config:
        done = call("doctor", "--json", "--config", str(config))
    findings = [one["text"] for one in json.loads(done.stdout) if one["check"] == part]
    if not any(expected in text for text in findings):
        raise RuntimeError(f"{part}: {findings} {done.stderr}")


def check_base() -> None:
    """Send a message and look at the topics."""
    with open_beamline() as config:
        for command in (("send", '{"close": "all"}', "--no-wait"), ("install", "--topics"), ("messages", "linescan")):
            options = () if command[0] == "messages" else ("--config", str(config))
            done = call(*command, *options)
            if done.returncode != 0:
                raise RuntimeError(f"{command}: {done.stderr}")


def check_assets() -> None:
    """Read numbers from an HDF5 file."""
    import h5py

    from xafs_workers.catalog.frame_process import read_frames

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "frames.h5")
        with h5py.File(path, "w") as file:
            file["data"] = [1.0, 2.0, 3.0]
        if list(read_frames(path, [folder], "data", 1, 3)) != [2.0, 3.0]:
            raise RuntimeError("wrong numbers")


def check_reports() -> None:
    """Make a report of one slide."""
    from xafs_workers.writers.slides import Slide, build_pptx

    if not build_pptx([Slide("title", ["a line"])], time.time()).startswith(b"PK"):
        raise RuntimeError("no report")


def check_reduction() -> None:
    """Start the process with Larch, and ask Tiled's client for a server that is away."""
    from xafs_workers.reduction.subprocess_client import ReductionProcess

    process = ReductionProcess()
    outcome, values = process.run_task("warm up", {}, PATIENCE)
    process.interrupt()
    if outcome != "done":
        raise RuntimeError(str(values))
    with open_beamline(catalog={"uri": "http://127.0.0.1:1"}) as config:
        done = call("regenerate", "run-1", "--config", str(config))
    if done.returncode != 2 or "127.0.0.1:1" not in done.stderr:
        raise RuntimeError(done.stderr)


def check_zmq() -> None:
    """Let a worker connect to a socket that publishes, as a proxy does."""
    import zmq

    with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        check_worker("file-manager", sources={"zmq": {"address": f"tcp://127.0.0.1:{port}", "prefix": "any"}})


def check_slack() -> None:
    """Let `doctor` ask a Slack that is away."""
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("xoxb-none")
        token.chmod(0o600)
        check_doctor(
            "slack", "auth.test: URLError", slack={"token_file": str(token), "base_url": "http://127.0.0.1:1/"}
        )


PROBES: dict[str, Callable[[], None]] = {
    "": check_base,
    "assets": check_assets,
    "files": lambda: check_worker("file-manager", then=ask('{"test_slack": true}')),
    "headless": lambda: check_worker("plot-manager", "--headless", then=ask('{"close": "all"}')),
    "metrics": check_metrics,
    "redis": lambda: check_doctor("redis", "ConnectionError", key_store={"url": "redis://127.0.0.1:1/0"}),
    "reduction": check_reduction,
    "reports": check_reports,
    "screen": lambda: check_worker("plot-manager", "--screen"),
    "slack": check_slack,
    "web": lambda: check_worker("plot-manager", "--web", "--port", str(find_free_port())),
    "zmq": check_zmq,
}

if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    PROBES[sys.argv[1] if len(sys.argv) > 1 else ""]()
