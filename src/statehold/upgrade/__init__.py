"""Upgrades from version to version: differences, plans, and carrying instances over."""
