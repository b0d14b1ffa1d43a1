"""What came in, parsed: one module a kind of control message."""
