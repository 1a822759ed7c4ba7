"""What an engine can be watched with: Prometheus metrics and OpenTelemetry traces.

Each stands on a library of its own and is imported by its module: :mod:`.metrics` needs
``statehold[server]`` or ``prometheus-client``, :mod:`.tracing` needs ``statehold[otel]``.
"""
