"""What a frame and an event cost, beside named peers on the same events: `python -m benchmarks`."""
