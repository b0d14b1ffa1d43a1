"""The headless plot manager: pictures and Athena projects for control messages."""
