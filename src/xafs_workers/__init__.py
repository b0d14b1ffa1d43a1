"""Kafka workers of a synchrotron X-ray absorption beamline."""

__version__ = "0.2.0"
