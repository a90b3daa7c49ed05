"""Evidence: what a platform says of itself, kept whole before anybody restarts anything."""
