"""What is to be seen, as data: one module a plot."""
