"""Front ends, which show the figures of the board to users in a window or a browser."""
