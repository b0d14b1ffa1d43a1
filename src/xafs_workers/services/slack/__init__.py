"""Posts to Slack: a durable outbox and the thread that posts it."""
