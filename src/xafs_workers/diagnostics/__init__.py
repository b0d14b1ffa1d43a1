"""Diagnostics for staff: doctor, worker status, topic watch, dead letters."""
