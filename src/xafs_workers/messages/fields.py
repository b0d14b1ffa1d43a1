"""Types of the fields of control messages: tolerant where harmless, limited in size because the sender is unknown.

Each error states what is expected; `parsing` adds the kind, the field and the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, cast

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from xafs_workers.messages.base import ControlMessage, format_value
from xafs_workers.messages.detectors import MODES, ModeName, normalize_detector, normalize_fluo_detector, normalize_mode

MAX_TEXT_LENGTH = 10_000
MAX_FRAGMENT_LENGTH = 5_000_000
MAX_LIST_LENGTH = 1_000_000
MAX_COUNT = 1_000_000
MAX_STEPS = 100_000
MAX_PIXELS = 4_000_000
MAX_RESULTS = 100
MAX_RESULT = 1e300

MOTOR_UNIT = "unit of the motor (mm or degree)"
EV: JsonDict = {"unit": "eV"}
DEGREE: JsonDict = {"unit": "degree"}
ANGSTROM: JsonDict = {"unit": "Å"}
MOTOR_UNIT_SCHEMA: JsonDict = {"unit": MOTOR_UNIT}


def build_error(expected: str, got: str = "") -> PydanticCustomError:
    """Build the error of a field from what is expected, and a description of the value if it needs one."""
    return PydanticCustomError("refused", "{expected}", {"got": got, "expected": expected})


def build_field_error(field: str, got: str, expected: str) -> PydanticCustomError:
    """Build the error of one field found by a check of the whole message."""
    return PydanticCustomError("refused", "{expected}", {"field": field, "got": got, "expected": expected})


def _to_python_number(value: Any) -> Any:
    """Convert a numpy scalar to a Python number."""
    return cast("np.generic[Any]", value).item() if isinstance(value, np.generic) else value


def _coerce_integer(value: Any) -> Any:
    value = _to_python_number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _coerce_boolean(value: Any) -> Any:
    value = _to_python_number(value)
    return bool(value) if type(value) is int and value in (0, 1) else value


def _format_digits(value: Any) -> Any:
    value = _coerce_integer(value)
    return str(value) if type(value) is int and 0 <= value < MAX_COUNT else value


def replace_empty_by_none(value: Any) -> Any:
    """Return None for an empty text, any other value unchanged."""
    return None if isinstance(value, str) and not value else value


def _replace_false_by_none(value: Any) -> Any:
    """Return None for no file: plans pass on null, an empty text or false, as the user gave it."""
    return None if value is False else replace_empty_by_none(value)


def _name_default_folder(value: Any) -> Any:
    """Return the folder of pictures for null, false or an empty text, which plans send where the user gave none."""
    return "snapshots" if value is False or value is None or value == "" else value


def _unwrap_single_uid(value: Any) -> Any:
    """Return the only member of a list: a plan returns the uids of its runs as a tuple."""
    members: list[Any] = list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []
    return members[0] if len(members) == 1 else replace_empty_by_none(value)


def _reject_nul(value: str) -> str:
    if "\0" in value:
        raise build_error("a path or file name without NUL characters")
    return value


def _reject_slash(value: str) -> str:
    if "/" in value:
        raise build_error("one name without '/': a folder is named by the field `folder`, where there is one")
    return value


def _parse_mode(value: Any) -> ModeName:
    if not isinstance(value, str):
        raise build_error("text")
    return normalize_mode(value[:MAX_TEXT_LENGTH])


def _parse_fluo_detector(value: str | None) -> str | None:
    return normalize_fluo_detector(value) if value else None


def _list_members(value: Any, expected: str) -> list[Any]:
    """Return the members of a list, a tuple or a 1-D array."""
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, Any]", value)
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            raise build_error(expected)
        value = array[: MAX_LIST_LENGTH + 1].tolist()
    if not isinstance(value, list | tuple):
        raise build_error(expected)
    members = cast("list[Any]", value)
    if len(members) > MAX_LIST_LENGTH:
        raise build_error(f"{expected}, at most {MAX_LIST_LENGTH}")
    return list(members)


def _convert_to_floats(members: list[Any], expected: str) -> list[float]:
    if not set(map(type, members)) <= _FLOAT_TYPES:
        members = [_to_python_number(member) for member in members]
        for index, member in enumerate(members):
            if isinstance(member, bool) or not isinstance(member, int | float):
                raise build_error(expected, f"{format_value(member)} at index {index}")
    try:
        return [float(member) for member in members]
    except OverflowError as error:
        raise build_error(expected, "a number too large for a float") from error


_FLOAT_TYPES = {float, int}


def _parse_curve(value: Any) -> tuple[float, ...]:
    """Return the values of a curve; null and values that are not finite become NaN, a gap."""
    expected = "a list of numbers (NaN or null for a gap)"
    members = [math.nan if member is None else member for member in _list_members(value, expected)]
    return tuple(number if math.isfinite(number) else math.nan for number in _convert_to_floats(members, expected))


def _parse_finite_numbers(value: Any) -> tuple[float, ...]:
    expected = "a list of finite numbers"
    value = _to_python_number(value)
    single = isinstance(value, int | float) and not isinstance(value, bool)
    numbers = _convert_to_floats(_list_members([value] if single else value, expected), expected)
    for index, number in enumerate(numbers):
        if not math.isfinite(number):
            raise build_error(expected, f"{number} at index {index}")
    return tuple(numbers)


def _parse_value_with_error(value: Any) -> tuple[float, float | None]:
    """Return (value, standard error); the error is None if it is null or not finite."""
    expected = "a list of two: a finite number and its standard error (a number or null)"
    members = _list_members(value, expected)
    if len(members) != 2:
        raise build_error(expected)
    known, error = _convert_to_floats([members[0], math.nan if members[1] is None else members[1]], expected)
    if not math.isfinite(known):
        raise build_error(expected)
    return known, error if math.isfinite(error) else None


def _parse_results(value: Any) -> tuple[Mapping[str, float | str | None], ...]:
    """Return results by name; a number that is not finite, and whatever is neither number nor text, becomes None."""
    expected = "a list of mappings from names to numbers or texts"
    members = _list_members(value, expected)
    if len(members) > MAX_RESULTS:
        raise build_error(f"{expected}, at most {MAX_RESULTS}", f"a list of {len(members)}")
    for index, member in enumerate(members):
        if not isinstance(member, Mapping):
            raise build_error(expected, f"{format_value(member)} at index {index}")
    return tuple({str(name): _parse_result(one) for name, one in member.items()} for member in members)


def _parse_result(value: Any) -> float | str | None:
    value = _to_python_number(value)
    if isinstance(value, str):
        return value[:MAX_TEXT_LENGTH]
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_RESULT:
        return None
    return float(value) if math.isfinite(value) else None


def _wrap_single_uid(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ONE_UID: dict[str, list[Any]] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1}]
}

LongText = Annotated[str, Field(strict=True, max_length=MAX_FRAGMENT_LENGTH)]
Text = Annotated[str, Field(strict=True, max_length=MAX_TEXT_LENGTH)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_TEXT_LENGTH)]
"""Text that is never empty."""
FileName = Annotated[Name, AfterValidator(_reject_nul)]
"""A path or a file name; `storage` checks where it may be."""
BaseName = Annotated[FileName, AfterValidator(_reject_slash)]
"""The stub or the name of a data file, never with a folder: one rule for questions, starts and files."""
OptionalName = Annotated[Name | None, BeforeValidator(replace_empty_by_none)]
OptionalFile = Annotated[
    FileName | None,
    BeforeValidator(_replace_false_by_none),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}, {"const": False}]}),
]
OptionalBaseName = Annotated[
    BaseName | None,
    BeforeValidator(_replace_false_by_none),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}, {"const": False}]}),
]
PictureFolder = Annotated[
    FileName,
    BeforeValidator(_name_default_folder),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}, {"const": False}]}),
]
"""Folder of pictures in the proposal folder, `snapshots` where none is named."""
OptionalUid = Annotated[
    Name | None,
    BeforeValidator(_unwrap_single_uid),
    WithJsonSchema({"anyOf": [*_ONE_UID["anyOf"], {"type": "null"}]}),
]
"""Uid of a run; may be sent as a list of one."""
Uids = Annotated[
    tuple[Name, ...],
    Field(max_length=10_000),
    BeforeValidator(_wrap_single_uid),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
"""Run uids; a single one may be sent without a list."""

Detector = Annotated[Name, AfterValidator(normalize_detector)]
FluoDetector = Annotated[Text | None, AfterValidator(_parse_fluo_detector)]
Mode = Annotated[
    ModeName, PlainValidator(_parse_mode), WithJsonSchema({"type": "string", "examples": list(MODES)})
]  # an enum would refuse the other spellings

Number = Annotated[float, Field(strict=True), BeforeValidator(_to_python_number)]
Count = Annotated[int, Field(strict=True, ge=1, le=MAX_COUNT), BeforeValidator(_coerce_integer)]
Index = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT), BeforeValidator(_coerce_integer)]
Steps = Annotated[int, Field(strict=True, ge=1, le=MAX_STEPS), BeforeValidator(_coerce_integer)]
Channel = Annotated[int, Field(strict=True, ge=1, le=8), BeforeValidator(_coerce_integer)]
Spinner = Annotated[int, Field(strict=True, ge=1, le=8), BeforeValidator(_coerce_integer)]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_coerce_boolean)]
Digits = Annotated[
    Name,
    BeforeValidator(_format_digits),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}),
]

Curve = Annotated[
    tuple[float, ...],
    PlainValidator(_parse_curve),
    WithJsonSchema(
        {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "maxItems": MAX_LIST_LENGTH}
    ),
]
"""Values of a curve, or of its axis; NaN is a gap."""
Numbers = Annotated[
    tuple[float, ...],
    PlainValidator(_parse_finite_numbers),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "number"}, "maxItems": MAX_LIST_LENGTH},
                {"type": "number"},
            ]
        }
    ),
]
"""Finite numbers; a single one may be sent without a list."""
ValueWithError = Annotated[
    tuple[float, float | None],
    PlainValidator(_parse_value_with_error),
    WithJsonSchema(
        {
            "type": "array",
            "prefixItems": [{"type": "number"}, {"anyOf": [{"type": "number"}, {"type": "null"}]}],
            "minItems": 2,
            "maxItems": 2,
        }
    ),
]
"""Fitted number and its standard error, None if the fit gives none."""

Results = Annotated[
    tuple[Mapping[str, float | str | None], ...],
    PlainValidator(_parse_results),
    WithJsonSchema({"type": "array", "items": {"type": "object"}, "maxItems": MAX_RESULTS}),
]
"""Results of several steps, each a mapping from names to numbers or texts; None is an unknown value."""

Motor = Annotated[Name, Field(description="ophyd name of the scanned axis")]
Element = Annotated[Name, Field(description="absorber, symbol")]
Edge = Annotated[Name, Field(description="absorption edge: K, L1, L2, L3, ...")]
RunUid = Annotated[
    Name, BeforeValidator(_unwrap_single_uid), WithJsonSchema(_ONE_UID), Field(description="uid of the run")
]
AxisPositions = Annotated[Curve, Field(description="positions of the axis", json_schema_extra=MOTOR_UNIT_SCHEMA)]
Signal = Annotated[Curve, Field(description="measured signal at each position")]
Fit = Annotated[Curve, Field(description="fitted signal at each position")]

EndStation = Annotated[
    Text | None, Field(alias="_end_station", description="end station whose experiment is meant: xas or xrd")
]

OVERWRITE_DESCRIPTION = "replace an existing file of other content"
MODE_DESCRIPTION = f"{', '.join(MODES)}, also abbreviated, joined or misspelt; anything else is transmission"
DETECTOR_DESCRIPTION = (
    "signal: It, I0, Ir, Iy, If, Xs, Xs1, Pips, Diode, Eiger, Mythen, Monitor, ..., or the name of a data key"
)
FLUO_DETECTOR_DESCRIPTION = "1-element SDD, 4-element SDD, 7-element SDD, dante or pips; else as in the run"

NEEDS_EPICS = "it shows what a detector measures now, which is read from EPICS, and workers read only Kafka and Tiled"

DATA_FILE_DESCRIPTION = (
    "name of the data file, in the proposal folder; null: the run's own name, and an older file is renamed first"
)
FITTED_SIGNAL_DESCRIPTION = "I0, It, Ir or If; else the name of a data key"

M = TypeVar("M", bound=ControlMessage)


def build_length_check(*names: str) -> Callable[[M], M]:
    """Return a check that lists have the same length, for `pydantic.model_validator(mode="after")`."""

    def check(message: M) -> M:
        lengths = {name: len(getattr(message, name)) for name in names}
        wanted = lengths[names[0]]
        for name, length in lengths.items():
            if length != wanted:
                raise build_field_error(name, f"{length} values", f"as many as {names[0]} has ({wanted})")
        return message

    return check
