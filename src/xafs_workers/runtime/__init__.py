"""Parts that workers share: message engine, work queues, effect ledger, lifecycle, health."""
