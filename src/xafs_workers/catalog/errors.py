"""Why a run did not come: not known, not complete, catalog away; refused for good; or nobody waits any more."""

from __future__ import annotations


class CatalogError(Exception):
    """A run, or a part of it, did not come. The text never holds the API key."""


class NotYetAvailable(CatalogError):
    """Worth another attempt."""


class NotFound(NotYetAvailable):
    """The catalog answers and has no such run."""


class NotComplete(NotYetAvailable):
    """The run is there, but its stop document or some of its points are not."""


class CatalogUnavailable(NotYetAvailable):
    """The catalog is away: no connection, no answer in time, or a server error."""


class CatalogRefused(CatalogError):
    """Another attempt changes nothing: no right to read, or the configuration cannot be used."""


class MissingData(CatalogError):
    """The run is complete and has no such part."""


class Interrupted(CatalogError):
    """The caller's stop event was set while it waited."""
