"""The only code that writes to a proposal folder."""
