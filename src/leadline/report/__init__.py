"""What a person looks at: reports in one HTML file each, drawn only from the tables that runs leave on disk."""

from leadline.report.comparison import write_comparison_report
from leadline.report.run import write_run_report

__all__ = ["write_comparison_report", "write_run_report"]
