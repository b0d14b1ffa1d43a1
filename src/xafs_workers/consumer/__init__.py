"""The loop: Kafka sources, the timeline of two topics, recovery and dead letters."""
