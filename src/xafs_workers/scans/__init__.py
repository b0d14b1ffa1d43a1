"""What was measured so far: runs, the scans they feed, and the signals computed from them."""
