"""Two instances of a durable worker: one acts, the other waits to take over; they share ledger and lease on Kafka."""
