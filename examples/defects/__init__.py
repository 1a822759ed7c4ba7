"""Small machines with one defect each, for `statehold check` to find."""
