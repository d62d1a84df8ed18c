"""Commands that bring tables, models and cards together: load, demo, snapshots, check."""
