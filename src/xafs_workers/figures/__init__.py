"""Figures as data, without a plotting library: one module for each kind of scan."""
