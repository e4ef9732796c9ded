"""What people and systems may say to the engine, whoever carries it: one type a message, one table of what it needs."""
