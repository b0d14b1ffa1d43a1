"""The common parts of all control messages: the model, its registry and the error that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from xafs_workers.registry import Registry

Owner = Literal["file-manager", "headless"]

Example = Mapping[str, Any]

ValueRule = Literal["action", "true", "any", "field"]
"""How the value of the discriminating key is read: it names the action; it must be true; it is not inspected
(but false and null ask for nothing); it is the content of a field whose alias is the kind."""


MAX_SHOWN_CHARACTERS = 80
"""Characters of a value that an error shows."""


def format_value(value: object) -> str:
    """Return a value of any size and depth in a few words, for errors."""
    if isinstance(value, str | bytes):
        text = repr(value[:MAX_SHOWN_CHARACTERS])
        return f"{text}... ({len(value)} characters)" if len(value) > MAX_SHOWN_CHARACTERS else text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return repr(value) if value.bit_length() < 256 else f"a whole number of {value.bit_length()} bits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"a mapping of {len(cast('Mapping[Any, Any]', value))}"
    if isinstance(value, list | tuple):
        return f"a list of {len(cast('list[Any]', value))}"
    return f"a {type(value).__name__}"


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
    without actions) or ``<kind>.<action>``. `example` is a whole message as it is sent. `helper` names a worker
    beside the owner that has a part in it: `xrfat` is a picture of the one and a file of the other.
    """

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False, protected_namespaces=())

    kind: ClassVar[str]
    action: ClassVar[str]
    owner: ClassVar[Owner]
    helper: ClassVar[Owner | None] = None
    value: ClassVar[ValueRule] = "action"
    example: ClassVar[Example]
    message_id: str | None = Field(
        default=None, max_length=10_000, description="the sender's own id of this message, repeated in the answers"
    )

    @property
    def extras(self) -> dict[str, Any]:
        """Fields that came and that nobody knows."""
        return dict(self.model_extra or {})


M = TypeVar("M", bound=ControlMessage)


class KindRegistry(Registry[type[ControlMessage]]):
    """The registry of this room; its decorator hands each class back as what it is, not as any message."""

    def register(self, key: str) -> Callable[[type[M]], type[M]]:
        """Return a decorator that claims `key`; a second claim is a ValueError."""
        claim = super().register(key)

        def register_message(message: type[M]) -> type[M]:
            claim(message)
            return message

        return register_message


kinds = KindRegistry("xafs_workers.messages")
"""Every action of every kind, by ``<kind>`` or ``<kind>.<action>``."""
