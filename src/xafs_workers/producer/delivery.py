"""Errors of delivery, and how long a session waits for it."""

EXIT_TIMEOUT = 10.0
"""How long the exiting interpreter waits for undelivered messages, seconds."""


class DeliveryError(RuntimeError):
    """Control messages that did not reach the broker or the file manager; the text gives number and reason."""
