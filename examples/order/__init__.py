"""One food order, from checkout to doorstep."""
