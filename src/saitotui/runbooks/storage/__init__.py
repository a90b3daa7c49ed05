"""What the runbooks of the storage pair are made of."""
