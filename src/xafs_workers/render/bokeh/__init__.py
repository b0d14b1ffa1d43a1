"""Figures in a browser: Bokeh models kept and updated; points are streamed and patched."""
