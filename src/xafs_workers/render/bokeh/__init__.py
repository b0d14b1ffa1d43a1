"""Renderer of figures in a browser: Bokeh models that are reused; only new and changed points are sent."""
