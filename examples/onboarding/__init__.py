"""The welcome of a new customer, changed while instances are running."""
