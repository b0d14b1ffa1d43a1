"""The on-screen front end: one Qt window, a tab for each figure on show."""
