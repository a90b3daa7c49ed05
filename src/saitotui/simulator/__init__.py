"""A whole platform in memory behind real protocols. Shares no code with the tiers that read it."""
