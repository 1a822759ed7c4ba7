"""Measurements of Statehold beside its peers; ``python -m benchmarks`` runs them."""
