"""Why a run did not come: not known, not complete, catalog away; refused for good; or nobody waits any more."""

from __future__ import annotations


class CatalogError(Exception):
    """A run, or a part of it, did not come. The text never holds the API key."""


class NotYet(CatalogError):
    """Worth another attempt."""


class NotFound(NotYet):
    """The catalog answers and has no such run."""


class NotComplete(NotYet):
    """The run is there, but its stop document or some of its points are not."""


class Unavailable(NotYet):
    """The catalog is away: no connection, no answer in time, or a server error."""


class Refused(CatalogError):
    """Another attempt changes nothing: no right to read, or the configuration cannot be used."""


class Missing(CatalogError):
    """The run is complete and has no such part."""


class Interrupted(CatalogError):
    """The caller's stop event was set while it waited."""
