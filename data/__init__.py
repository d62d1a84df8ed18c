"""Reads and keeps tables: the contract, the load, the snapshots and the engine. Knows nothing of pages."""
