"""File content from finished runs: bytes, by name. Nothing here opens a path in a proposal folder."""
