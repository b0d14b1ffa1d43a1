"""Draw docs/images/architecture.svg: the ways of an event and of a message through the workers.

Run: python tools/architecture_picture.py
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

TARGET = Path(__file__).parents[1] / "docs" / "images" / "architecture.svg"

SIZE = (1120, 615)
"""Width and height of the picture, pixels."""

STYLE = """
.page{fill:#ffffff} .box{fill:#f1f5f9;stroke:#64748b} .all{fill:#e0ecff;stroke:#2563eb}
.durable{fill:#dff5e6;stroke:#15803d} .view{fill:#fff0da;stroke:#c2410c}
.name{fill:#0f172a;font-weight:600;font-size:15px} .note{fill:#334155;font-size:12.5px}
.way{stroke:#475569;stroke-width:1.8;fill:none} .tip{fill:#475569}
@media (prefers-color-scheme: dark){
.page{fill:#0d1117} .box{fill:#1e293b;stroke:#94a3b8} .all{fill:#172a4d;stroke:#60a5fa}
.durable{fill:#10331f;stroke:#4ade80} .view{fill:#40230d;stroke:#fb923c}
.name{fill:#f1f5f9} .note{fill:#cbd5e1} .way{stroke:#94a3b8} .tip{fill:#94a3b8}}
"""


class Box(NamedTuple):
    """Box with a name and the lines below it; `style` is its class in the style sheet."""

    x: int
    y: int
    width: int
    height: int
    style: str
    name: str
    notes: tuple[str, ...] = ()


BOXES = (
    Box(20, 30, 180, 76, "box", "acquisition session", ("Bluesky plans, queueserver", "(package producer)")),
    Box(260, 30, 260, 76, "box", "Kafka: two topics", ("control messages", "Bluesky documents")),
    Box(
        580,
        30,
        520,
        76,
        "box",
        "Kafka: three topics of the workers",
        ("answers and clicks · dead letters · heartbeats",),
    ),
    Box(20, 180, 180, 76, "all", "KafkaSource", ("record: bytes, time,", "position")),
    Box(240, 180, 200, 76, "all", "PartitionMerger", ("order of record time", "(in OrderedReader)")),
    Box(480, 180, 200, 76, "all", "RecordParser", ("message, document", "or rejected record")),
    Box(720, 180, 180, 76, "all", "Board", ("snapshot of scans and", "runs; next by apply")),
    Box(940, 180, 160, 76, "all", "Figure", ("plot as data", "(package figures)")),
    Box(20, 340, 180, 76, "durable", "MessageEngine", ("new? ready? which queue?", "(thread of the loop)")),
    Box(240, 340, 200, 76, "durable", "WorkQueues", ("a thread for each queue;", "retried until done")),
    Box(480, 340, 200, 76, "durable", "effect", ("file, picture, project,", "post in the outbox")),
    Box(480, 480, 200, 76, "durable", "EffectLedger", ("outcome by record", "position (SQLite)")),
    Box(240, 480, 200, 76, "all", "Publisher", ("answer, dead letter;", "heartbeats of all workers")),
    Box(20, 480, 180, 76, "durable", "stored offset", ("behind everything that", "is not done")),
    Box(720, 340, 180, 76, "box", "proposal folder", ("written through the", "package storage only")),
    Box(940, 340, 160, 76, "view", "render", ("matplotlib or Bokeh;", "headless: as an effect")),
    Box(940, 480, 160, 76, "view", "pixels", ("window or browser", "page")),
    Box(720, 480, 180, 76, "all", "Reducer", ("Larch in a process", "of its own")),
)

WAYS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((200, 68), (258, 68)),
    ((390, 106), (390, 143), (110, 143), (110, 178)),
    ((200, 218), (238, 218)),
    ((440, 218), (478, 218)),
    ((680, 218), (718, 218)),
    ((900, 218), (938, 218)),
    ((1020, 256), (1020, 338)),
    ((1020, 416), (1020, 478)),
    ((580, 256), (580, 298), (110, 298), (110, 338)),
    ((200, 378), (238, 378)),
    ((440, 378), (478, 378)),
    ((680, 365), (718, 365)),
    ((580, 416), (580, 478)),
    ((480, 518), (442, 518)),
    ((840, 256), (840, 290), (920, 290), (920, 518), (902, 518)),
    ((720, 500), (700, 500), (700, 290), (780, 290), (780, 258)),
    ((110, 416), (110, 478)),
    ((340, 556), (340, 580), (1110, 580), (1110, 128), (840, 128), (840, 108)),
)
"""Corners of each arrow; its tip is at the last one."""

LABELS = (
    (400, 130, "records"),
    (120, 292, "messages that the role owns, with the board"),
    (1028, 300, "latest wins"),
    (118, 452, "pending"),
    (590, 452, "outcome"),
    (350, 575, "to the answers and dead-letter topics"),
    (708, 460, "results"),
    (852, 284, "requests"),
    (
        20,
        603,
        "blue: shared by workers; green: durable workers (at-least-once); orange: viewers (best-effort)",
    ),
)


def draw_box(box: Box) -> str:
    """Return a box with its texts."""
    middle = box.x + box.width // 2
    texts = [f'<text class="name" x="{middle}" y="{box.y + 24}" text-anchor="middle">{escape(box.name)}</text>']
    for number, note in enumerate(box.notes):
        y = box.y + 45 + 18 * number
        texts.append(f'<text class="note" x="{middle}" y="{y}" text-anchor="middle">{escape(note)}</text>')
    frame = f'<rect class="{box.style}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    return "\n".join((frame, *texts))


def draw_way(corners: tuple[tuple[int, int], ...]) -> str:
    """Return an arrow along its corners."""
    points = " ".join(f"{x},{y}" for x, y in corners)
    return f'<polyline class="way" points="{points}" marker-end="url(#tip)"/>'


def draw_label(x: int, y: int, text: str) -> str:
    """Return a text beside an arrow."""
    return f'<text class="note" x="{x}" y="{y}">{escape(text)}</text>'


def draw_picture() -> str:
    """Return the picture as SVG."""
    width, height = SIZE
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">',
        "<title>Ways of an event and of a message through the workers</title>",
        f"<style>{STYLE}</style>",
        f'<defs>{tip}<path class="tip" d="M0,0 L8,4 L0,8 z"/></marker></defs>',
        f'<rect class="page" width="{width}" height="{height}"/>',
        *map(draw_way, WAYS),
        *map(draw_box, BOXES),
        *(draw_label(*label) for label in LABELS),
        "</svg>\n",
    )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(draw_picture())
