"""Actions of the file manager: one module for each kind of message, each action registered under its message's key."""
