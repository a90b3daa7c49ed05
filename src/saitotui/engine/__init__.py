"""The engine: watching a platform, running plans, keeping the journal."""
