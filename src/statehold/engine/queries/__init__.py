"""What an engine answers without changing anything."""
