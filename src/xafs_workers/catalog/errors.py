"""Errors of the catalog: a run that is not available yet, a final refusal, or an interrupted wait."""

from __future__ import annotations


class CatalogError(Exception):
    """A run, or a part of it, cannot be read. The text never contains the API key."""


class NotYetAvailable(CatalogError):
    """The run is not available now; a later attempt may succeed."""


class NotFound(NotYetAvailable):
    """The catalog answers but does not have the run."""


class NotComplete(NotYetAvailable):
    """The catalog has the run, but its stop document or some of its points are missing."""


class CatalogUnavailable(NotYetAvailable):
    """The catalog gave no usable answer: no connection, a timeout, or a server error."""


class CatalogRefused(CatalogError):
    """The catalog refused finally: no permission to read, or an unusable configuration."""


class MissingData(CatalogError):
    """The run is complete but does not contain the requested part."""


class Interrupted(CatalogError):
    """The caller's stop event was set while it waited."""
