"""What is wrong with a deployment, in words. It looks, and changes nothing."""

from statehold.doctor.examine import examine
from statehold.doctor.finding import Finding, Severity

__all__ = ["Finding", "Severity", "examine"]
