"""Renderers of figures: one subpackage for each drawing library."""
