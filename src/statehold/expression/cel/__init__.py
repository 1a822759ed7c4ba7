"""CEL, the language of guards and assignments in data machines."""
