"""Everything that a user sees of a replay: files, answers, posts, dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.outages.site import PROPOSAL, Site
from helpers.replay_results import Normalizer, Results


def collect(site: Site, ids: tuple[str, ...], normalize: Normalizer) -> Results:
    """Return the results of a replay: files, final answers by message, posts, dead letters, other faults."""
    found = {
        f"file {path.relative_to(site.proposals / PROPOSAL)}": normalize.normalize_file(path)
        for path in sorted(site.proposals.rglob("*"))
        if path.is_file()
    }
    for name in ids:
        found[f"answer to {name}"] = normalize(_format_answers(site.answers.get(name, ())))
    texts = Counter(normalize(text) for text in site.slack.list_texts("C1"))
    pictures = Counter(normalize.normalize_picture(content) for content in site.slack.list_pictures("C1"))
    found["posted texts"] = _format_counts(texts)
    found["posted pictures"] = _format_counts(pictures)
    found["dead letters"] = _format_counts(Counter({normalize(one["reason"]): 1 for one in site.dead_letters}))
    found["done without a file"] = "\n".join(_list_missing(site))
    if wrong := site.list_wrong_heartbeats():
        found["recovering, but behind 0"] = "\n".join(wrong)
    return found


def _format_answers(answers: Any) -> str:
    """Return the different final answers; a worker that was started again repeats its answers."""
    final = {
        str((one["state"], one["value"], one["reason"], one["paths"])) for one in answers if one["state"] != "accepted"
    }
    return "\n".join(sorted(final)) or "none"


def _format_counts(counts: Mapping[str, int]) -> str:
    return "\n".join(f"{count} x {what}" for what, count in sorted(counts.items()))


def _list_missing(site: Site) -> list[str]:
    done = [one for answers in site.answers.values() for one in answers if one["state"] == "done"]
    return sorted({path for one in done for path in one["paths"] or () if not Path(path).exists()})
