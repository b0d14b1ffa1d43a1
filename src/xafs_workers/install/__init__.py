"""Files that staff install: units of systemd and scripts, from the templates in `files`."""
