"""Clients: one file a protocol. Command in, Answer or Failure out; never an exception, never a hang."""
