"""On-screen front end: a Qt window with a tab for each shown figure."""
