"""Actions of the headless plot manager that make no picture, one module for each kind."""
