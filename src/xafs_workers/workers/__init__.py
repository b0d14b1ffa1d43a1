"""The roles, composed: one short module a role."""
