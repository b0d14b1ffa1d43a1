"""The live plot managers, on screen and in a browser: best-effort followers that write nothing."""
