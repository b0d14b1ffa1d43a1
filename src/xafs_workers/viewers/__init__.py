"""Live plot managers, on screen and in a browser: best-effort followers that write no files of a proposal."""
