"""How soon those who look see that a chunk is done: page clients and event streams of a farm with twenty jobs in work."""
