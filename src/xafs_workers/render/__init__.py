"""A figure drawn, by one module a drawing library."""
