"""Finished runs by uid, waited for until they are complete: from what was followed, else from Tiled."""
