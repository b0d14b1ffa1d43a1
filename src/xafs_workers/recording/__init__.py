"""Record sessions from Kafka to a file and replay them to Kafka."""
