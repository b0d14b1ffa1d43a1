"""Settings of the sources of documents and of the way of control messages without Kafka."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import HIDDEN_VALUE_ERROR, Section
from xafs_workers.settings.sources import Kafka


class CurveKeys(Section):
    """Keys of an encrypted ZMQ connection: certificates as `zmq.auth.create_certificates` writes them."""

    secret: Path = Field(description="file with the own secret key")
    server: Path = Field(description="file with the public key of the server")


class ZmqDocuments(Section):
    """Documents from a `bluesky-0MQ-proxy`. Nothing is kept there: what is missed comes from the catalog or never."""

    address: str = Field(description="output address of the proxy, e.g. tcp://127.0.0.1:5578")
    prefix: str = Field(default="", pattern=r"^\S*$", description="prefix of the publisher, without spaces")
    curve: CurveKeys | None = Field(default=None, description="keys, where the proxy asks for them")

    @field_validator("address")
    @classmethod
    def _an_address(cls, address: str) -> str:
        return _check_zmq_address(address)


class TiledDocuments(Section):
    """Documents from a Tiled server with a streaming cache, by websocket and HTTP."""

    uri: str = Field(description="address of the Tiled server, e.g. http://127.0.0.1:8000")
    path: str = Field(default="", description="path of the runs below that address, e.g. raw")
    api_key_file: Path | None = Field(default=None, description="file with the API key; else $TILED_API_KEY")
    timeout: float = Field(default=15.0, gt=0, description="time limit of one request, seconds")

    @field_validator("uri")
    @classmethod
    def _without_key(cls, uri: str) -> str:
        if not uri.startswith(("http://", "https://")):
            raise PydanticCustomError("address", "expected an address that begins with https:// or http://")
        if "api_key=" in uri or "@" in uri:
            raise PydanticCustomError(HIDDEN_VALUE_ERROR, "no key or password may be part of it: use api_key_file")
        return uri


class RecordedDocuments(Section):
    """Documents and control messages of a recording, read once."""

    file: Path = Field(description="recording, as `xafs-workers record` writes it, or lines of [name, document]")


class Sources(Section):
    """Sources of documents. Without any, Kafka alone."""

    kafka: Kafka | None = Field(default=None, description="Kafka, with the keys of the section `kafka`")
    zmq: ZmqDocuments | None = Field(default=None, description="a ZMQ proxy of Bluesky")
    tiled: TiledDocuments | None = Field(default=None, description="websocket of a Tiled server")
    recording: RecordedDocuments | None = Field(default=None, description="a recorded session, for trials")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the configured sources; Kafka where none is."""
        given = {"kafka": self.kafka, "zmq": self.zmq, "tiled": self.tiled, "recording": self.recording}
        return tuple(name for name, section in given.items() if section is not None) or ("kafka",)


class ZmqControl(Section):
    """Control messages by ZMQ: the file manager binds the address, sessions connect."""

    address: str = Field(description="ipc:///path (mode 0600), or tcp://host:port with `curve`")
    curve: CurveKeys | None = Field(
        default=None, description="keys for tcp: `secret` is the own one, `server` the public one of the file manager"
    )
    clients: Path | None = Field(default=None, description="folder with the public keys of the sessions, for tcp")

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        _check_zmq_address(self.address)
        if not self.address.startswith("ipc://") and self.curve is None:
            raise PydanticCustomError(
                "unprotected",
                "plain tcp is refused: anybody on the network could send (expected ipc:///path, or tcp with curve)",
            )
        if self.curve is not None and self.clients is None:
            raise PydanticCustomError(
                "clients", "curve without clients (expected the folder with the public keys of the sessions)"
            )
        return self


class HttpControl(Section):
    """Control messages by HTTP: the file manager listens on a loopback address, with a token."""

    host: str = Field(default="127.0.0.1", description="loopback address")
    port: int = Field(ge=1, le=65535)
    token_file: Path = Field(description="file with the token alone, which only its owner may read")

    @field_validator("host")
    @classmethod
    def _a_loopback(cls, host: str) -> str:
        try:
            is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            raise PydanticCustomError("loopback", "expected a loopback address, e.g. 127.0.0.1")
        return host


class Control(Section):
    """Way of control messages, answers and heartbeats. Without any: Kafka, where Kafka is in use."""

    zmq: ZmqControl | None = Field(default=None, description="by ZMQ")
    http: HttpControl | None = Field(default=None, description="by HTTP on loopback")

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if self.zmq is not None and self.http is not None:
            raise PydanticCustomError("two_ways", "zmq and http are both given (expected one of them)")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the file manager takes the messages itself."""
        return self.zmq is not None or self.http is not None


def _check_zmq_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "ipc") or not (parts.netloc or parts.path):
        raise PydanticCustomError("zmq_address", "expected tcp://host:port or ipc:///path")
    return address
