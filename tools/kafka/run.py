#!/usr/bin/env python3
"""Start a real Apache Kafka: one KRaft node on the loopback interface. Needs Java 17 or newer, Maven and Python only.

The jars named in pom.xml are fetched once by Maven into ~/.cache/xafs-workers/kafka-<version>. The bootstrap address
is printed on standard output as soon as the node answers; Kafka's warnings go to standard error. SIGTERM, SIGINT or
(with --follow-parent) the end of the parent process stop the node; should this program be killed, the node dies too.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
HOST = "127.0.0.1"
START_SECONDS = 180.0
STOP_SECONDS = 20.0

API_VERSIONS, CREATE_TOPICS = 18, 19
TOPIC_EXISTS = 36

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs={data}
auto.create.topics.enable=false
num.network.threads=1
num.io.threads=2
background.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
controlled.shutdown.max.retries=1
broker.session.timeout.ms=9000
broker.heartbeat.interval.ms=1000
message.max.bytes={message_max_bytes}
replica.fetch.max.bytes={message_max_bytes}
log.retention.ms=-1
"""

LOG4J = """\
rootLogger.level=error
rootLogger.appenderRef.err.ref=err
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
appender.err.layout.type=PatternLayout
appender.err.layout.pattern=kafka: %d{HH:mm:ss} %p %c{1}: %m%n
"""


class CannotRun(RuntimeError):
    """The node cannot be started; the text says why."""

    code = 1


class ProgramMissing(CannotRun):
    """Java or Maven is not installed."""

    code = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; return the exit code."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        with data_folder(options.data) as data:
            serve(options, data)
    except CannotRun as error:
        sys.stderr.write(f"kafka: {error}\n")
        return error.code
    except Stopped:
        return 0
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="of the broker; a free one if omitted")
    parser.add_argument("--data", type=Path, help="folder that is kept; a temporary one if omitted")
    parser.add_argument("--topics", default="", help="created when the node is up: a,b")
    parser.add_argument("--partitions", type=int, default=1, help="of each of these topics")
    parser.add_argument("--message-max-bytes", type=int, default=16 * 1024 * 1024, help="largest batch of records")
    parser.add_argument("--heap", default="256m", help="of the Java machine")
    parser.add_argument("--cache", type=Path, help="folder of the jars")
    parser.add_argument("--start-seconds", type=float, default=START_SECONDS, help="longest wait for the node's answer")
    parser.add_argument("--follow-parent", action="store_true", help="stop when the process that started this ends")
    parser.add_argument("--fetch-only", action="store_true", help="fetch the jars, start nothing")
    return parser.parse_args(arguments)


class Stopped(BaseException):
    """SIGTERM or SIGINT came."""


def _stop(_number: int, _frame: types.FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped


@contextlib.contextmanager
def data_folder(given: Path | None) -> Iterator[Path]:
    """Give the folder of the node's data; a temporary one is removed afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="kafka-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


# Jars ------------------------------------------------------------------------------------------------------------


def program(name: str) -> str:
    """Return the path of a program that must be installed."""
    path = shutil.which(name)
    if path is None:
        raise ProgramMissing(f"{name} is not installed: expected Java 17 or newer, and Maven")
    return path


def default_cache() -> Path:
    """Return the folder of the jars: named for Kafka's version and for what pom.xml says besides."""
    version = re.findall(r"<kafka.version>(.*?)</", POM.read_text())[0]
    mark = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "xafs-workers" / f"kafka-{version}-{mark}"


def jars(cache: Path) -> Path:
    """Return the folder of the jars, fetched if it is not there yet. It appears complete or not at all."""
    if cache.is_dir():
        return cache
    maven = program("mvn")
    cache.parent.mkdir(parents=True, exist_ok=True)
    with (cache.parent / f"{cache.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cache.is_dir():
            with tempfile.TemporaryDirectory(dir=cache.parent, ignore_cleanup_errors=True) as scratch:
                fetch(maven, Path(scratch) / "jars")
                (Path(scratch) / "jars").rename(cache)
    return cache


def fetch(maven: str, folder: Path) -> None:
    """Let Maven copy the jars of pom.xml to a folder."""
    sys.stderr.write("kafka: fetching the jars with Maven\n")
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = run([maven, "-B", "-q", "-f", str(POM), *goal])
    if done.returncode or not folder.is_dir():
        raise CannotRun(f"Maven could not fetch the jars:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


# The node --------------------------------------------------------------------------------------------------------


def serve(options: argparse.Namespace, data: Path) -> None:
    """Format the data folder if it is new, run the node, and wait for its end or for a signal."""
    folder = jars(options.cache or default_cache())
    if options.fetch_only:
        return
    free, controller = free_ports()
    port = options.port or free
    check_free(port)
    java = [program("java"), *java_options(options.heap, data), "-cp", f"{folder}/*"]
    write(data, port, controller, options.message_max_bytes)
    format_storage(java, data)
    parent = os.getppid()
    with node(java, data) as process:
        wait_until_up(process, port, options.start_seconds)
        create_topics(port, [name for name in options.topics.split(",") if name], options.partitions)
        print(f"{HOST}:{port}", flush=True)  # noqa: T201 - the one thing that goes to standard output
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
            if options.follow_parent and os.getppid() != parent:
                return
        raise CannotRun(f"the node ended by itself with code {process.returncode}")


def free_ports() -> tuple[int, int]:
    """Return two ports that are free at the moment."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def check_free(port: int) -> None:
    """Refuse a port that another program listens on: its answers would be taken for our node's."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that lingers does not matter
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise CannotRun(f"port {port} cannot be used: {error}") from error


def java_options(heap: str, data: Path) -> list[str]:
    """Return what makes the Java machine small, quick to start and quiet."""
    return [
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={(data / 'log4j2.properties').as_uri()}",
    ]


def write(data: Path, port: int, controller: int, message_max_bytes: int) -> None:
    """Write the node's configuration beside its data."""
    content = PROPERTIES.format(
        host=HOST, port=port, controller=controller, data=data / "log", message_max_bytes=message_max_bytes
    )
    (data / "server.properties").write_text(content)
    (data / "log4j2.properties").write_text(LOG4J)


def format_storage(java: list[str], data: Path) -> None:
    """Prepare a new data folder; one that was used before stays as it is."""
    if (data / "log" / "meta.properties").is_file():
        return
    cluster_id = f"{secrets.token_hex(11)[:21]}A"  # 22 characters, as Kafka writes a UUID
    done = run([*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(data / "server.properties")])
    if done.returncode:
        raise CannotRun(f"the data folder cannot be prepared:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def node(java: list[str], data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the node; stop it at the end, cleanly if it still can."""
    process = subprocess.Popen(  # noqa: S603 - our own words
        [*java, "kafka.Kafka", str(data / "server.properties")],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,  # the terminal's Ctrl-C is for us, who then stop it in order
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def die_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


# Just enough of Kafka's protocol ---------------------------------------------------------------------------------


def wait_until_up(process: subprocess.Popen[bytes], port: int, seconds: float) -> None:
    """Wait until the node answers a question."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotRun(f"the node ended at its start with code {process.returncode}")
        with contextlib.suppress(OSError):
            ask(port, API_VERSIONS, 0, b"")
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    raise CannotRun(f"the node does not answer within {seconds:g} s")


def create_topics(port: int, names: list[str], partitions: int) -> None:
    """Create topics; those that exist stay as they are."""
    if not names:
        return
    wishes = b"".join(text(name) + struct.pack(">ihii", partitions, 1, 0, 0) for name in names)
    answer = ask(port, CREATE_TOPICS, 2, struct.pack(">i", len(names)) + wishes + struct.pack(">i?", 10_000, False))
    count, at = struct.unpack_from(">i", answer, 4)[0], 8
    for _ in range(count):
        name, at = read_text(answer, at)
        code = struct.unpack_from(">h", answer, at)[0]
        reason, at = read_text(answer, at + 2)
        if code not in (0, TOPIC_EXISTS):
            raise CannotRun(f"topic {name} cannot be created: error {code} {reason}")


def ask(port: int, api: int, version: int, body: bytes) -> bytes:
    """Send one request to the node and return the body of its answer."""
    request = struct.pack(">hhi", api, version, 1) + text("run.py") + body
    with socket.create_connection((HOST, port), timeout=15.0) as connection, connection.makefile("rb") as answers:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = answers.read(4)
        answer = answers.read(struct.unpack(">i", size)[0]) if len(size) == 4 else b""
    if len(answer) < 4:
        raise ConnectionError("the node closed the connection")
    return answer[4:]


def text(value: str) -> bytes:
    """Write a text as Kafka's protocol does."""
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def read_text(answer: bytes, at: int) -> tuple[str, int]:
    """Read a text (or null) and return it with where it ends."""
    size = struct.unpack_from(">h", answer, at)[0]
    end = at + 2 + max(size, 0)
    return answer[at + 2 : end].decode(), end


if __name__ == "__main__":
    sys.exit(main())
