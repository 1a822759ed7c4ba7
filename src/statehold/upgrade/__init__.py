"""From version to version: the difference, the plan, and the upgrade of one instance."""
