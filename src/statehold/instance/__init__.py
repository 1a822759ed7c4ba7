"""What is true of an instance whoever runs it: its state, its commits, what is stored of it."""
