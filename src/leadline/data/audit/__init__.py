"""What is wrong with a set of images, before anything is trained on it."""

from leadline.data.audit.examination import audit
from leadline.data.audit.problem import Audit, Problem

__all__ = ["Audit", "Problem", "audit"]
