"""The demo: broker, catalog, workers and a simulated or replayed session in one command."""
