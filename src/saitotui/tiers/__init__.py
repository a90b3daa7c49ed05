"""Tiers: questions in, pictures out. Each module (or package) here is one tier and presents a `TIER`."""
