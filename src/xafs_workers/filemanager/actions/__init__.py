"""What the file manager does: one module a kind of message, each action registered under its message's key."""
