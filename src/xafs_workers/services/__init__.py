"""Services outside the worker: Slack, systemd, metrics, heartbeats, Redis keys and the logs of a proposal."""
