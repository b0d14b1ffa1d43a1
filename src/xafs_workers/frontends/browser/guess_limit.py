"""Limit of how fast tokens can be guessed from one address."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

FREE_GUESSES = 3
"""Wrong tokens from one address before it has to wait: a user may mistype."""

MAX_WAIT = 60.0
"""Longest wait between two guesses from one address, seconds."""

FORGET_AFTER = 3600.0
"""Time without a wrong token after which an address is forgotten, seconds."""

MAX_ADDRESSES = 10_000
"""Addresses that are remembered; if there are more, the oldest is forgotten."""


class GuessLimit:
    """Waits that grow with the wrong tokens from an address. No other address is affected.

    Parameters
    ----------
    clock
        Returns the time, seconds; monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._guesses: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def compute_wait(self, address: str) -> float:
        """Compute how long an address has to wait until its next token is examined, seconds."""
        count, last = self._guesses.get(_find_network(address), (0, 0.0))
        if count <= FREE_GUESSES:
            return 0.0
        penalty = min(2.0 ** (count - FREE_GUESSES - 1), MAX_WAIT)
        return max(0.0, last + penalty - self._clock())

    def record_wrong_token(self, address: str) -> int:
        """Record a wrong token, and return how many the address has entered."""
        now, network = self._clock(), _find_network(address)
        self._forget_before(now - FORGET_AFTER)
        count = self._guesses.pop(network, (0, 0.0))[0] + 1
        self._guesses[network] = min(count, 1000), now
        return count

    def _forget_before(self, time_limit: float) -> None:
        while self._guesses and (
            len(self._guesses) >= MAX_ADDRESSES or next(iter(self._guesses.values()))[1] < time_limit
        ):
            self._guesses.popitem(last=False)


def _find_network(address: str) -> str:
    """Return the network that one client can have: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False))
