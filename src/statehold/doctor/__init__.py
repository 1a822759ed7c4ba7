"""``statehold doctor``: checks a deployment and reports findings; it changes nothing."""

from statehold.doctor.examine import examine
from statehold.doctor.finding import Finding, Severity

__all__ = ["Finding", "Severity", "examine"]
