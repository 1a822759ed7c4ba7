"""The machines that an engine runs: loaded, deployed, checked at startup, upgraded in bulk."""
