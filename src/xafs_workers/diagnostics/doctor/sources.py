"""Checks of the sources other than Kafka, and of the way of control messages without it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from xafs_workers.diagnostics.doctor.finding import Case, Finding, report_fault, report_ok
from xafs_workers.producer.control_requests import RequestError, read_token
from xafs_workers.settings import Catalog, TiledDocuments, ZmqDocuments


def check_sources(case: Case) -> Iterator[Finding]:
    """Find out whether each configured source answers, and whether control messages can be sent."""
    sources = case.settings.sources
    if sources.zmq is not None:
        yield _check_zmq(sources.zmq, case.timeout)
    if sources.tiled is not None:
        yield _check_tiled_source(sources.tiled)
    if sources.recording is not None:
        yield _check_recording(case)
    if not case.settings.has_kafka_control:
        yield _check_control(case)


def _check_zmq(settings: ZmqDocuments, timeout: float) -> Finding:
    """Connect to the proxy: whether documents pass shows only while a plan runs."""
    parts = urlsplit(settings.address)
    if parts.scheme != "tcp":
        return report_ok("zmq", f"{settings.address}: not examined, it is no tcp address")
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout).close()
    except OSError as error:
        text = f"{settings.address} does not answer: {error}"
        return report_fault("zmq", text, "start bluesky-0MQ-proxy, or correct sources.zmq.address: its output address")
    return report_ok("zmq", f"{settings.address} answers (at most once: what it drops may be lost)")


def _check_tiled_source(settings: TiledDocuments) -> Finding:
    from xafs_workers.catalog.connection import Connection
    from xafs_workers.catalog.errors import CatalogError

    connection = Connection(
        Catalog(uri=settings.uri, path=settings.path, api_key_file=settings.api_key_file, timeout=settings.timeout)
    )
    try:
        with connection.open_runs() as runs:
            count = len(runs)
    except CatalogError as error:
        return report_fault("tiled source", str(error), "start the server, or correct sources.tiled")
    finally:
        connection.close()
    return report_ok("tiled source", f"{settings.uri}: {count} runs")


def _check_recording(case: Case) -> Finding:
    recording = case.settings.sources.recording
    if recording is None or not recording.file.is_file():
        path = "" if recording is None else str(recording.file)
        return report_fault("recording", f"{path}: no such file", "correct sources.recording.file")
    return report_ok("recording", f"{recording.file}: there")


def _check_control(case: Case) -> Finding:
    control = case.settings.control
    if not control.is_local:
        return report_ok("control", "no control messages: there is no Kafka, and no control.http or control.zmq")
    if control.http is not None:
        try:
            read_token(control.http.token_file)
        except RequestError as error:
            return report_fault("control", str(error), "write a token, and give the file mode 600")
        return report_ok("control", f"by HTTP on {control.http.host}:{control.http.port}, with a token")
    return report_ok("control", f"by ZMQ at {control.zmq.address if control.zmq else ''}")
