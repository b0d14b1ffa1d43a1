"""The file manager: data files, copies, dossiers and logs for control messages."""
