"""Hostile text in every field of every page: nothing is executed, no markup breaks, no address leads outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from helpers.dossiers import ParsedPage, build_sources, find_broken_links
from helpers.finished_runs import XAFS, make_finished_run
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.scans.dossier import Dossier
from xafs_workers.writers import html
from xafs_workers.writers.dossier import render_dossier_page
from xafs_workers.writers.dossier_content import DossierSources
from xafs_workers.writers.dossier_index import format_manifest_line, render_index_page
from xafs_workers.writers.message_log import LogEntry, LogPage, encode_entry, parse_entries, render_log_page

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "closing": "</title></style></details></main></body></html><h1>mine</h1>",
    "comment": "<!-- <b>",
    "template": "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "address": "javascript:alert(1)",
    "entity": "&lt;script&gt; &#60;script&#62; &unknown;",
    "unseen": "a\x00b\x1b[31m\u202egnp.exe\u2028c\ud800",
    "path": "../../../../etc/passwd",
    "picture": "<img src=x onerror=alert(1)><svg onload=alert(1)>",
    "style": "</style><style>body{display:none}</style>",
    "long": "x" * 5000,
    "percent": "100 %2e%2e/%00 #?&",
}

FIELDS: dict[str, dict[str, Any]] = {
    "Beamline": dict.fromkeys(("name", "energy")),
    "Detector": dict.fromkeys(("I0",)),
    "Element": dict.fromkeys(("edge", "symbol", "reference_material")),
    "Facility": dict.fromkeys(("GUP", "SAF", "cycle")),
    "Mono": dict.fromkeys(("name",)),
    "Sample": dict.fromkeys(("name", "prep", "temperature")),
    "Scan": dict.fromkeys(("edge_energy", "experimenters", "dwell_time", "delay")),
    "_snapshots": dict.fromkeys(
        "webcam_file webcam_uid analog_file usb1_file usb2_file xrf_image xrf_uid ga_filename ga_yuid "
        "pngout xlsxout matout".split()
    ),
    "_user": dict.fromkeys(
        "sample prep comment bounds_given bounds steps times url doi cif startdate experimenters instrument initext "
        "clargs pngfile start energy dwell delay fast_motor slow_motor mode element edge".split()
    ),
}
LONE = ("_comment", "_mode", "_filename", "_xrffile", "_xrfimage", "_pccenergy")


def build_page_of_text(text: str, folder: Path) -> DossierSources:
    """Return a dossier all of whose texts are one; files of any name seem to be there."""
    xdi: dict[str, Any] = {family: dict.fromkeys(fields, text) for family, fields in FIELDS.items()}
    xdi |= {name: [text] if name in ("_comment", "_mode") else text for name in LONE}
    run = make_finished_run(XAFS, hint="xafs xs", xdi=xdi, scan_id=text)
    dossier = Dossier(text, (run.uid,), rid=text, instrument="", ini="")
    return build_sources(
        dossier, folder, runs=[run], exists=lambda name: True, assets={run.uid: [Asset(f"/{text}.h5", text)]}
    )


@pytest.fixture(params=list(HOSTILE))
def text(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


def check(page: ParsedPage) -> None:
    """Check that a page is whole, and that its addresses are names in the folders of the proposal."""
    assert page.problems == []
    assert not {"script", "iframe", "object", "h6"} & set(page.tags)
    assert page.tags.count("style") == 1
    for address in page.addresses:
        plain = address.startswith(("../", "messagelog.html", "00INDEX.html", "data:,", "#icon-")) or "/" not in address
        assert plain, address
        assert ".." not in address.removeprefix("../")
        assert ":" not in address.removeprefix("data:")


@pytest.mark.parametrize("kind", ["xafs", "sead", "raster"])
def test_text_is_escaped_on_a_dossier(kind: Literal["xafs", "sead", "raster"], text: str, tmp_path: Path) -> None:
    page = ParsedPage(render_dossier_page(kind, build_page_of_text(text, tmp_path)))
    check(page)
    if text in (HOSTILE["script"], HOSTILE["template"], HOSTILE["attribute"]):
        assert " ".join(text.split()) in page.text, "it is shown as it was written"


def test_text_is_escaped_in_the_log(text: str, tmp_path: Path) -> None:
    raw = b"".join(
        [
            encode_entry(LogEntry(f"a {text}", 1.7e9, text, rid=text)),
            encode_entry(LogEntry("b", 1.7e9, text, picture=text, link=text)),
            text.encode("utf-8", "replace") + b"\n",
            encode_entry(LogEntry("c", 1e300, text, picture=f"snapshots/{text}.jpg", rid=True)),
        ]
    )
    page = ParsedPage(render_log_page(raw, lambda name: True, session=text))
    check(page)
    found = [entry for entry in parse_entries(raw) if isinstance(entry, LogEntry)]
    assert [entry.key for entry in found] == [f"a {text}", "b", "c"]
    log = LogPage("s")
    log.update(raw)
    assert log.has_entry(f"a {text}")
    assert not log.has_entry("d")


def test_text_is_escaped_in_the_list(text: str) -> None:
    manifest = format_manifest_line("xafs", f"/proposals/dossier/stub-{text}.html") + text.encode("utf-8", "replace")
    check(ParsedPage(render_index_page(manifest, lambda name: b"", session=text, date=text)))


def test_fragments_keep_only_text_and_order() -> None:
    fragment = """<table class="t" onclick="x()"><tr><td style="position:fixed">slot</td><td>14</td></tr></table>
    <a href="https://example.org/">where</a><img src="http://198.51.100.1/t.gif"><script>steal()</script><b>bold"""
    clean = str(html.sanitize_fragment(fragment))
    page = ParsedPage(clean.encode())
    assert page.problems == []
    assert set(page.tags) == {"table", "tbody", "tr", "td", "b"}
    assert page.addresses == []
    assert page.text == "slot 14 where bold"


@pytest.mark.parametrize(
    "fragment", ["<div>" * 50_000, "<table><tr>" * 10_000, "<b>" + "<i>" * 9_999 + "x", "&" * 10**5]
)
def test_fragments_cannot_break_the_page(fragment: str, tmp_path: Path) -> None:
    made = build_page_of_text("plain", tmp_path)
    made.first_run.start["XDI"]["_user"]["instrument"] = fragment
    page = ParsedPage(render_dossier_page("xafs", made))
    assert page.problems == []


@pytest.mark.parametrize("text", ['a"; } * { display: none', "</style><b>", "a\\", "é µ\n"])
def test_no_text_leaves_a_string_of_the_style_sheet(text: str) -> None:
    assert not set(html.escape_css_string(text)) & set('";{}<>&\n')
    assert "\\5c " in html.escape_css_string("\\")


def test_unreadable_raw_logs_are_skipped(tmp_path: Path) -> None:
    odd = b'{"key": 1, "time": "x", "text": []}\n{"key": "k", "time": NaN, "text": "t"}\n{\n\xff\xfe\n' + b"[" * 10**5
    page = ParsedPage(render_log_page(odd, lambda name: True, session="s"))
    check(page)
    deep = b'{"key": "k", "time": 1, "text": ' + b"[" * 10**5
    check(ParsedPage(render_log_page(deep, lambda name: True, session="s")))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("done :tada: *stopped* :warning:", "done 🎉 <strong>stopped</strong> ⚠"),
        ("2*3*4 and :no_such_code:", "2*3*4 and :no_such_code:"),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
        ("a\nb", "a<br>b"),
    ],
)
def test_chat_lines_are_formatted_as_html(text: str, shown: str) -> None:
    assert str(html.format_chat(text)) == shown


def test_formulas_get_subscripts_and_are_escaped() -> None:
    assert (
        str(html.format_formula("Fe2O3, (NH4)2 <b>"))
        == "Fe<sub>2</sub>O<sub>3</sub>, (NH<sub>4</sub>)<sub>2</sub> &lt;b&gt;"
    )


def test_broken_links_are_found(tmp_path: Path) -> None:
    """The check itself can fail."""
    page = tmp_path / "dossier" / "p.html"
    page.parent.mkdir()
    page.write_text(
        '<a href="gone.html"></a><a href="http://198.51.100.1/"></a><a href="../../x"></a><a href="#n"></a>'
    )
    assert find_broken_links(page) == ["gone.html", "http://198.51.100.1/", "../../x", "#n"]
    assert ParsedPage(b"<div><p></div>").problems
    assert ParsedPage(b"<b onclick='x'></b>").problems
