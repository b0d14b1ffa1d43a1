"""The durable machinery that workers share: the message handler, its queues and ledger, lifecycle, health."""
