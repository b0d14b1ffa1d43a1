"""Renderer of figures with matplotlib: in a window, where artists are reused, or as a picture file."""
