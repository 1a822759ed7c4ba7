"""Observes an engine: Prometheus metrics and OpenTelemetry traces.

Each needs a library of its own, so each is imported as its own module: :mod:`.metrics` needs
``statehold[server]`` or ``prometheus-client``, :mod:`.tracing` needs ``statehold[otel]``.
"""
