"""Resources: what effects need beside the data and the call, found by type."""
