"""What a person looks at: reports in one HTML file each, drawn only from the tables that runs leave on disk."""

from leadline.report.answer import answer_sentence
from leadline.report.card import write_comparison_card, write_model_card
from leadline.report.comparison import write_comparison_report
from leadline.report.run import write_run_report

__all__ = [
    "answer_sentence",
    "write_comparison_card",
    "write_comparison_report",
    "write_model_card",
    "write_run_report",
]
