"""Base model of all control messages, their registry, and the errors for invalid messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from xafs_workers.registry import Registry
from xafs_workers.wire import Placeholder

Owner = Literal["file-manager", "headless"]

Example = Mapping[str, Any]

ValueRule = Literal["action", "true", "any", "field"]
"""How the value of the kind's key is read: `action`: it names the action; `true`: it must be true; `any`: it is not
inspected, except that false and null request nothing; `field`: it is the value of a field whose alias is the kind."""


MAX_ID_LENGTH = 10_000
"""Number of characters of the longest `message_id`."""

MAX_SHOWN_CHARACTERS = 80
"""Number of characters of a value that an error shows."""


def format_value(value: object) -> str:
    """Format a value of any size and depth as a short text for errors."""
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
    if isinstance(value, Placeholder):
        return str(value)
    return f"a {type(value).__name__}"


class InvalidMessage(ValueError):
    """A control message that cannot be used.

    Attributes
    ----------
    kind
        Kind of the message, '' if unknown.
    field
        Name of the missing or invalid field, '' if the message as a whole is invalid.
    """

    def __init__(self, kind: str, field: str, reason: str):
        super().__init__(reason)
        self.kind = kind
        self.field = field


class UnknownKind(InvalidMessage):
    """A mapping without the key of a known kind."""


class ControlMessage(BaseModel):
    """One action of one kind. Unknown fields are kept; a missing required field is an error.

    A module of this package contains the actions of one kind, each a subclass registered as ``<kind>`` (a kind
    without actions) or ``<kind>.<action>``. `owner` is the worker that acts on it and answers. `helper` is a second
    worker that acts too: for `xrfat` the owner draws a picture and the helper writes a file. `example` is a complete
    message as it is sent.

    Attributes
    ----------
    closes
        Which figures the message closes; '' for none.
    ends_open_scans
        Whether the message ends the open scans whose kinds declare it (`ScanKind.ended_by_resting_state`).
    slack_command
        What every worker that posts does about the message: look the channels up again, or log its state; '' for
        nothing.
    not_acted_on
        Reason why no worker acts on the message, '' for one that is acted on. Its owner answers it with the reason.
    reloads_regions
        Whether every worker that draws reads the file of the detectors' regions again.
    """

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False, protected_namespaces=())

    kind: ClassVar[str]
    action: ClassVar[str]
    owner: ClassVar[Owner]
    helper: ClassVar[Owner | None] = None
    value: ClassVar[ValueRule] = "action"
    example: ClassVar[Example]
    closes: ClassVar[Literal["", "all", "line", "last"]] = ""
    ends_open_scans: ClassVar[bool] = False
    slack_command: ClassVar[Literal["", "refresh", "describe"]] = ""
    not_acted_on: ClassVar[str] = ""
    reloads_regions: ClassVar[bool] = False
    message_id: str | None = Field(
        default=None,
        max_length=MAX_ID_LENGTH,
        description="id of this message, chosen by the sender and repeated in the answers",
    )

    @classmethod
    def get_key(cls) -> str:
        """Return the key under which registries hold what belongs to this message, as `kinds` does."""
        return f"{cls.kind}.{cls.action}" if cls.value == "action" else cls.kind

    def to_body(self) -> dict[str, Any]:
        """Return the message as a mapping from which it can be parsed again."""
        fields = self.model_dump(by_alias=True, exclude_unset=True)
        if self.value == "field":
            return fields
        return {self.kind: self.action if self.value == "action" else True, **fields}

    @property
    def named_run(self) -> str | None:
        """Uid of the run that the message names, None where it names none."""
        return self._get_declared("uid")

    @property
    def requires_run(self) -> bool:
        """Whether the message is about one run: it cannot be sent without a uid."""
        field = type(self).model_fields.get("uid")
        return field is not None and field.is_required()

    @property
    def named_runs(self) -> tuple[str, ...] | None:
        """Uids of a whole list of runs, which replaces those named before; None where there is no list."""
        return self._get_declared("uidlist")

    @property
    def named_file(self) -> str | None:
        """Name of the file that the message asks for, None where it names none."""
        return self._get_declared("filename") or self._get_declared("fname")

    @property
    def named_source(self) -> str | None:
        """Absolute path of the file that the message copies, None where it names none."""
        return self._get_declared("file")

    @property
    def named_paths(self) -> tuple[str, ...]:
        """Absolute paths in the message; the first that lies in a proposal folder names the proposal it concerns."""
        paths = (self._get_declared(name) for name in ("img", "target", "folder", "path"))
        return tuple(path for path in paths if isinstance(path, str) and path.startswith("/"))

    @property
    def may_overwrite(self) -> bool:
        """Whether a file of the same name is replaced."""
        return bool(self._get_declared("overwrite"))

    @property
    def archives_older(self) -> bool:
        """Whether an older file of the same name, with other content, is renamed first."""
        return False

    @property
    def repetition(self) -> int:
        """Number of the repetition that the message begins, from 1; 0 where it begins none."""
        return self._get_declared("count") or 0

    @property
    def planned_repetitions(self) -> int:
        """Number of repetitions that are planned; 0 where the message plans none."""
        return self._get_declared("repetitions") or 0

    @property
    def named_edge(self) -> tuple[str, str] | None:
        """Element and absorption edge that the message names, None where it does not name both."""
        element, edge = self._get_declared("element"), self._get_declared("edge")
        return (element, edge) if element and edge else None

    @property
    def detailed_logging(self) -> bool | None:
        """Whether the workers log messages in full from now on; None: as before."""
        return None

    @property
    def named_station(self) -> str:
        """End station that the message concerns, as its sender names it; '' where it names none."""
        return self._get_declared("end_station") or ""

    @property
    def requests_helper(self) -> bool:
        """Whether the worker that is its `helper` has something to do."""
        return False

    def _get_declared(self, field: str) -> Any:
        """Return the value of a declared field, None without one; an unknown extra field is never read."""
        return getattr(self, field) if field in type(self).model_fields else None

    @property
    def extras(self) -> dict[str, Any]:
        """Fields that the model does not define."""
        return dict(self.model_extra or {})


M = TypeVar("M", bound=ControlMessage)


class KindRegistry(Registry[type[ControlMessage]]):
    """Registry of control messages; its decorator returns each class with its own type."""

    def register(self, key: str) -> Callable[[type[M]], type[M]]:
        """Return a decorator that registers a class under `key`; a second registration is a ValueError."""
        claim = super().register(key)

        def register_message(message: type[M]) -> type[M]:
            claim(message)
            return message

        return register_message


kinds = KindRegistry("xafs_workers.messages", "kinds")
"""All message classes, by ``<kind>`` or ``<kind>.<action>``."""


def list_kind_names() -> frozenset[str]:
    """Return the names of all kinds."""
    return frozenset(message.kind for message in kinds.discover().values())
