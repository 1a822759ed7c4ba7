"""Welcoming a new customer, and changing how while some are on their way."""
