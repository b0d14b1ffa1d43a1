"""A figure drawn with matplotlib: in a window, where artists are kept and updated, or as a picture."""
