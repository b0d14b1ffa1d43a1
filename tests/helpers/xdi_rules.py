"""The rules of XDI/1.0 by the letter of its specification and its dictionary, without the program's own code.

XAS Data Interchange Format Draft Specification 1.0, and Dictionary of XAS Data Interchange Metadata 1.0 (XDI Working
Group). Units are words of letters, digits and underscores, as the package `xdi-validator` wants them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

VERSION = re.compile(r"# XDI/\d+\.\d+(\.\d+)?(\s+[!-~]+)*\s*\Z")
FIELD = re.compile(r"# ([A-Za-z][A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+):\s*(.*)\Z")
FIELD_END, HEADER_END = re.compile(r"#\s*/{3,}\s*\Z"), re.compile(r"#\s*-{3,}\s*\Z")
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
TIME = r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d)?([+-]\d\d:?\d\d|Z)?"
EDGE = r"K|L[123]?|M[1-5]?|N[1-7]?|O[1-7]?"
SYMBOL = r"[A-Z][a-z]?|Uu[topso]"
FORMS = {
    "element.symbol": SYMBOL,
    "element.edge": EDGE,
    "element.reference": SYMBOL,
    "element.ref_edge": EDGE,
    "mono.d_spacing": NUMBER,
    "facility.name": r"[\x20-\x7e]*",
    "facility.xray_source": r"[\x20-\x7e]*",
    "facility.energy": rf"{NUMBER}\s+(GeV|MeV)",
    "facility.current": rf"{NUMBER}\s+(mA|A)",
    "sample.temperature": rf"{NUMBER}\s+(K|C)",
    "scan.start_time": TIME,
    "scan.end_time": TIME,
    "scan.edge_energy": rf"{NUMBER}\s+(eV|keV|1/Å)",
}
DEFINED_LABELS = frozenset(
    """energy angle i0 itrans ifluor irefer mutrans mufluor murefer normtrans normfluor normrefer k chi chi_mag chi_pha
    chi_re chi_im r chir_mag chir_pha chir_re chir_im""".split()
)
ABSCISSAE = re.compile(r"(energy (eV|keV|pixel)|angle (degrees|radians|steps))\Z")


def find_violations(text: str) -> Iterator[str]:
    """Yield each rule that a file breaks, with its line."""
    lines = re.split(r"\r\n|\r|\n", text.rstrip("\r\n"))
    if not VERSION.match(lines[0]):
        yield "1: no version line"
    ends = [place for place, line in enumerate(lines) if HEADER_END.match(line)]
    slashes = [place for place, line in enumerate(lines) if FIELD_END.match(line)]
    if not ends:
        yield "no header-end line"
        return
    end = ends[0]
    fields_end = slashes[0] if slashes and slashes[0] < end else end
    fields: dict[str, str] = {}
    for number, line in enumerate(lines[1:fields_end], start=2):
        yield from _check_field(number, line, fields)
    for number, line in enumerate(lines[: end + 1], start=1):
        if not line.startswith("#"):
            yield f"{number}: a header line without #"
    yield from _check_required(fields)
    columns = [value for name, value in fields.items() if name.startswith("column.")]
    yield from _check_columns(fields, columns)
    yield from _check_table(lines[end + 1 :], end + 2, columns)


def _check_field(number: int, line: str, fields: dict[str, str]) -> Iterator[str]:
    found = FIELD.match(line)
    if not found:
        yield f"{number}: no field"
        return
    name, value = f"{found[1]}.{found[2]}".lower(), found[3].strip()
    if name in fields:
        yield f"{number}: {name} twice"
    fields[name] = value
    form = FORMS.get(name)
    if form and not re.fullmatch(form, value):
        yield f"{number}: {name} is {value!r}"


def _check_required(fields: dict[str, str]) -> Iterator[str]:
    for name in ("element.symbol", "element.edge", "column.1"):
        if not fields.get(name):
            yield f"{name} is missing"
    if fields.get("column.1", "").startswith("angle") and not fields.get("mono.d_spacing"):
        yield "mono.d_spacing is missing"


def _check_columns(fields: dict[str, str], columns: list[str]) -> Iterator[str]:
    if [name for name in fields if name.startswith("column.")] != [f"column.{n + 1}" for n in range(len(columns))]:
        yield "columns are not counted from 1"
    if columns and not ABSCISSAE.match(columns[0]):
        yield f"the abscissa is {columns[0]!r}"
    for column in columns:
        if not re.fullmatch(r"\w+( \w+)?", column):
            yield f"column {column!r} is no word with a unit"
        label = column.split()[0] if column else ""
        if label.lower() in DEFINED_LABELS and label != label.lower():
            yield f"column {label} is not written as the dictionary does"


def _check_table(lines: list[str], number: int, columns: list[str]) -> Iterator[str]:
    if lines and lines[0].startswith("#"):
        labels = lines[0][1:].split()
        if labels != [column.split()[0] for column in columns if column]:
            yield f"{number}: labels {labels} are not those of the fields"
        lines, number = lines[1:], number + 1
    rows = [(place, line.split()) for place, line in enumerate(lines, start=number) if line.strip()]
    if not rows:
        yield "no data"
    for place, row in rows:
        if len(row) != len(columns) or not all(re.fullmatch(NUMBER, word) for word in row):
            yield f"{place}: not {len(columns)} finite numbers"
