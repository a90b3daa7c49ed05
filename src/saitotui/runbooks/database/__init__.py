"""What the database runbooks have in common: the pair by facts, the dialects, checks and steps."""
