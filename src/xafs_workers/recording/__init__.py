"""Sessions recorded to a file and replayed to Kafka."""
