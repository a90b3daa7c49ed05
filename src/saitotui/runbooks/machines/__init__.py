"""What every host of the platform has: its name, the others' names, the right time, a firewall."""
