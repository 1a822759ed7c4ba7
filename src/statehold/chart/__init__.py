"""The model of a machine: a chart as plain data, and the functions and types that it names."""
