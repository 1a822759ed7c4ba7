"""CEL, the language of guards and assignments in machines that are data."""
