"""State of the measurement: messages, runs, the scans that they form, and the signals computed from them."""
