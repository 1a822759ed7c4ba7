"""Plain values, what JSON can say: from text within bounds, and back to text."""
