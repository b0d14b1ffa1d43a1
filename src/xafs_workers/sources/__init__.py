"""Sources of documents behind one interface, and what replaces Kafka's topics where there is no Kafka."""
