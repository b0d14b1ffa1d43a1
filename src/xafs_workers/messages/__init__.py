"""Control messages and documents, parsed and checked: one module for each kind of control message."""
