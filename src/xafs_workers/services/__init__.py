"""Effects outside the process that are not files: answers and heartbeats."""
