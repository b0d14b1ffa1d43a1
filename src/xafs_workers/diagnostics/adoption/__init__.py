"""Suggestion of a configuration from the documents of recorded or running sessions."""
