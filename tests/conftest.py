"""Fixtures of all tests."""

pytest_plugins = ["plugins.brokers"]
