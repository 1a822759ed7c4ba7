"""Workflows that engines for durable execution are often shown with."""
