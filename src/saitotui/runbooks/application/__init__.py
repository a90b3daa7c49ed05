"""What the application runbooks have in common: the Tomcats by facts, checks and steps on versions."""
