"""Advice on what to install where a part of the program is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

DISTRIBUTIONS = {
    "PySide6": "pyside6-essentials",
    "bluesky_kafka": "bluesky-kafka",
    "bluesky_tiled_plugins": "bluesky-tiled-plugins",
    "larch": "xraylarch",
    "pptx": "python-pptx",
    "prometheus_client": "prometheus-client",
    "slack_sdk": "slack-sdk",
}
"""Of modules that are not named as what is installed."""

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+).*extra == ['\"](?P<extra>[a-z]+)['\"]")
_LAST_EXTRAS = ("test", "dev")
"""Extras that are named only where no other has the part."""


def format_advice(error: ModuleNotFoundError) -> str | None:
    """Find the extra to install for a missing module; None if no extra of this package contains it."""
    module = (error.name or "").partition(".")[0]
    try:
        requirements = metadata.requires("xafs-workers") or ()
    except metadata.PackageNotFoundError:  # run from its source folder
        return None
    extras = _find_extras(DISTRIBUTIONS.get(module, module), requirements)
    if not extras:
        return None
    return f"{module} is not installed: pip install 'xafs-workers[{extras[0]}]'"


def _find_extras(distribution: str, requirements: Iterable[str]) -> list[str]:
    """Return the extras that bring something, those for developers last."""
    found = (match for text in requirements if (match := _REQUIREMENT.match(text)))
    extras = [match["extra"] for match in found if match["name"].lower() == distribution.lower()]
    return sorted(extras, key=_LAST_EXTRAS.__contains__)
