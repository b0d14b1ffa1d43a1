"""The command line: options parsed, a worker called."""
