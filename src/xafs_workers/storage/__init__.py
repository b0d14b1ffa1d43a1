"""Reading and writing of proposal folders; no other package writes there."""
