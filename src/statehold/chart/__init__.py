"""What a machine is: plain data, and the functions and types that it names."""
