"""Outages beside an undisturbed run of the same session: files, log texts, answers and posts must be equal."""
