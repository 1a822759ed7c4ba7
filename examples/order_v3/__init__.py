"""The order machine's third version: three kinds of delivery."""
