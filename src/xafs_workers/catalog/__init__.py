"""Finished runs by uid, from the worker's own board or from Tiled; the catalog waits until a run is complete."""
