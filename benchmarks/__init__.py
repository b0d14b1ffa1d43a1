"""Benchmarks: the cost of a frame and of an event, compared with named peers on the same events."""
