"""The common parts of all control messages: the model, its registry and the error that says what is wrong."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from xafs_workers.registry import Registry

Owner = Literal["file-manager", "headless"]


class InvalidMessage(ValueError):
    """A control message that cannot be used.

    Attributes
    ----------
    kind
        The discriminating key, '' where there is none.
    field
        The field that is missing or wrong, '' where it is the message as a whole.
    """

    def __init__(self, kind: str, field: str, reason: str):
        super().__init__(reason)
        self.kind = kind
        self.field = field


class UnknownKind(InvalidMessage):
    """A mapping in which no known kind is named."""


class ControlMessage(BaseModel):
    """One action of one kind. Unknown extra fields are kept; fields needed and missing are refused.

    A module of this package holds the actions of one kind, each a subclass registered as ``<kind>`` (a kind
    without actions) or ``<kind>.<action>``.
    """

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False, protected_namespaces=())

    kind: ClassVar[str]
    action: ClassVar[str]
    owner: ClassVar[Owner]
    message_id: str | None = None

    @property
    def extras(self) -> dict[str, Any]:
        """Fields that came and that nobody knows."""
        return dict(self.model_extra or {})


kinds: Registry[type[ControlMessage]] = Registry("xafs_workers.messages")
"""Every action of every kind, by ``<kind>`` or ``<kind>.<action>``."""
