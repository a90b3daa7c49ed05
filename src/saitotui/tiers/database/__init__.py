"""The database tier: a master and its replica behind HAProxy."""
