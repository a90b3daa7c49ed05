"""saitotui: the on-call engineer's console for a highly available web platform."""

__version__ = "0.1.0"
