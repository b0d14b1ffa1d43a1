"""Types of the fields of control messages: tolerant where no harm is in it, and bounded, for the sender is not known.

Each refusal says what is expected; `parsing` adds the kind, the field and what came.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from xafs_workers.messages.base import ControlMessage, shown
from xafs_workers.messages.detectors import MODES, canonical_detector, canonical_fluo_detector, canonical_mode

LONGEST_TEXT = 10_000
LONGEST_FRAGMENT = 5_000_000
LONGEST_LIST = 1_000_000
LARGEST_COUNT = 1_000_000
MOST_STEPS = 100_000
MOST_PIXELS = 4_000_000

MOTOR_UNIT = "unit of the motor (mm or degree)"
EV: JsonDict = {"unit": "eV"}
DEGREE: JsonDict = {"unit": "degree"}
ANGSTROM: JsonDict = {"unit": "Å"}
OF_MOTOR: JsonDict = {"unit": MOTOR_UNIT}


def refusal(expected: str, came: str = "") -> PydanticCustomError:
    """Return the error that says what a field should have held, and what came if that needs words."""
    return PydanticCustomError("refused", "{expected}", {"came": came, "expected": expected})


def refusal_of(field: str, came: str, expected: str) -> PydanticCustomError:
    """Return the error by which a check of the whole message blames one field."""
    return PydanticCustomError("refused", "{expected}", {"field": field, "came": came, "expected": expected})


def _plain(value: Any) -> Any:
    """Return a numpy scalar as Python's number."""
    return cast("np.generic[Any]", value).item() if isinstance(value, np.generic) else value


def _whole(value: Any) -> Any:
    value = _plain(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _truth(value: Any) -> Any:
    value = _plain(value)
    return bool(value) if type(value) is int and value in (0, 1) else value


def _digits(value: Any) -> Any:
    value = _whole(value)
    return str(value) if type(value) is int and 0 <= value < LARGEST_COUNT else value


def _empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value else value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise refusal("a path or file name without NUL characters")
    return value


def _mode(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal("text")
    try:
        return canonical_mode(value)
    except ValueError as error:
        raise refusal(str(error)) from error


def _fluo_detector(value: str | None) -> str | None:
    return canonical_fluo_detector(value) if value else None


def _members(value: Any, expected: str) -> list[Any]:
    """Return the members of a list, a tuple or a 1-D array."""
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, Any]", value)
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            raise refusal(expected)
        value = array[: LONGEST_LIST + 1].tolist()
    if not isinstance(value, list | tuple):
        raise refusal(expected)
    members = cast("list[Any]", value)
    if len(members) > LONGEST_LIST:
        raise refusal(f"{expected}, at most {LONGEST_LIST}")
    return list(members)


def _floats(members: list[Any], expected: str) -> list[float]:
    if not set(map(type, members)) <= _FLOATS:
        members = [_plain(member) for member in members]
        for index, member in enumerate(members):
            if isinstance(member, bool) or not isinstance(member, int | float):
                raise refusal(expected, f"{shown(member)} at index {index}")
    try:
        return [float(member) for member in members]
    except OverflowError as error:
        raise refusal(expected, "a number beyond all measure") from error


_FLOATS = {float, int}


def _curve(value: Any) -> tuple[float, ...]:
    """Return the values of a curve; null and what is not finite is a gap, NaN."""
    expected = "a list of numbers (NaN or null for a gap)"
    members = [math.nan if member is None else member for member in _members(value, expected)]
    return tuple(number if math.isfinite(number) else math.nan for number in _floats(members, expected))


def _finite_list(value: Any) -> tuple[float, ...]:
    expected = "a list of finite numbers"
    value = _plain(value)
    single = isinstance(value, int | float) and not isinstance(value, bool)
    numbers = _floats(_members([value] if single else value, expected), expected)
    for index, number in enumerate(numbers):
        if not math.isfinite(number):
            raise refusal(expected, f"{number} at index {index}")
    return tuple(numbers)


def _with_error(value: Any) -> tuple[float, float | None]:
    """Return (value, standard error); an error that is null or not finite is None: fits do not always have one."""
    expected = "a list of two: a finite number and its standard error (a number or null)"
    members = _members(value, expected)
    if len(members) != 2:
        raise refusal(expected)
    known, error = _floats([members[0], math.nan if members[1] is None else members[1]], expected)
    if not math.isfinite(known):
        raise refusal(expected)
    return known, error if math.isfinite(error) else None


def _uids(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


LongText = Annotated[str, Field(strict=True, max_length=LONGEST_FRAGMENT)]
Text = Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_TEXT)]
"""Text that is needed: never empty."""
FileName = Annotated[Name, AfterValidator(_no_nul)]
"""A path or a file name; `storage` says where it may lie."""
OptionalName = Annotated[Name | None, BeforeValidator(_empty_is_none)]
OptionalFile = Annotated[FileName | None, BeforeValidator(_empty_is_none)]
Uids = Annotated[
    tuple[Name, ...],
    Field(max_length=10_000),
    BeforeValidator(_uids),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
"""Run uids; one alone need not stand in a list."""

Detector = Annotated[Name, AfterValidator(canonical_detector)]
FluoDetector = Annotated[Text | None, AfterValidator(_fluo_detector)]
Mode = Annotated[
    str, PlainValidator(_mode), WithJsonSchema({"type": "string", "examples": list(MODES)})
]  # an enum would refuse the other spellings

Number = Annotated[float, Field(strict=True), BeforeValidator(_plain)]
Count = Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT), BeforeValidator(_whole)]
Index = Annotated[int, Field(strict=True, ge=0, le=LARGEST_COUNT), BeforeValidator(_whole)]
Steps = Annotated[int, Field(strict=True, ge=1, le=MOST_STEPS), BeforeValidator(_whole)]
Channel = Annotated[int, Field(strict=True, ge=1, le=8), BeforeValidator(_whole)]
Spinner = Annotated[int, Field(strict=True, ge=1, le=8), BeforeValidator(_whole)]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_truth)]
Digits = Annotated[Name, BeforeValidator(_digits)]

Curve = Annotated[
    tuple[float, ...],
    PlainValidator(_curve),
    WithJsonSchema(
        {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "maxItems": LONGEST_LIST}
    ),
]
"""Values of a curve, or of its axis; NaN is a gap."""
Numbers = Annotated[
    tuple[float, ...],
    PlainValidator(_finite_list),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "number"}, "maxItems": LONGEST_LIST},
                {"type": "number"},
            ]
        }
    ),
]
"""Finite numbers; one alone need not stand in a list."""
WithError = Annotated[
    tuple[float, float | None],
    PlainValidator(_with_error),
    WithJsonSchema(
        {
            "type": "array",
            "prefixItems": [{"type": "number"}, {"anyOf": [{"type": "number"}, {"type": "null"}]}],
            "minItems": 2,
            "maxItems": 2,
        }
    ),
]
"""A fitted number and its standard error, None where the fit gives none."""

Motor = Annotated[Name, Field(description="ophyd name of the scanned axis")]
Element = Annotated[Name, Field(description="absorber, symbol")]
Edge = Annotated[Name, Field(description="absorption edge: K, L1, L2, L3, ...")]
RunUid = Annotated[Name, Field(description="uid of the run")]
Positions = Annotated[Curve, Field(description="positions of the axis", json_schema_extra=OF_MOTOR)]
Signal = Annotated[Curve, Field(description="measured signal at each position")]
Fit = Annotated[Curve, Field(description="fitted signal at each position")]

OVERWRITE = "replace an existing file of other content"
MODE = ", ".join(MODES)
FLUO_DETECTOR = "1-element SDD, 4-element SDD, 7-element SDD or dante; else told by the run"

M = TypeVar("M", bound=ControlMessage)


def same_length(*names: str) -> Callable[[M], M]:
    """Return a check that lists are of one length, for `pydantic.model_validator(mode="after")`."""

    def check(message: M) -> M:
        lengths = {name: len(getattr(message, name)) for name in names}
        wanted = lengths[names[0]]
        for name, length in lengths.items():
            if length != wanted:
                raise refusal_of(name, f"{length} values", f"as many as {names[0]} has ({wanted})")
        return message

    return check
