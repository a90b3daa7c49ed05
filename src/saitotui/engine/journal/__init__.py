"""The audit journal: append-only, hash-chained, written before the act it announces, signed, witnessed."""
