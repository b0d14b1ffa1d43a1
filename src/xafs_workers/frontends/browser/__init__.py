"""Browser front end: a Bokeh server, its page, and its viewers."""
