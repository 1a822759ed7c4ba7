"""Other notations than the class: charts read from them, and charts written as them."""
