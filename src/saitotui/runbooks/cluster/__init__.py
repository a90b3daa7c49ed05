"""What the runbooks of a Proxmox VE cluster share."""
