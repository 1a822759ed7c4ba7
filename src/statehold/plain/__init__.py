"""Plain values, those that JSON has: read from text within bounds, and written back."""
