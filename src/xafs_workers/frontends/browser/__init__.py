"""Figures in a browser: a Bokeh server, its page, and who looks at it."""
