"""stub"""

from leadline.results import ComparisonResult


def answer_sentence(result: ComparisonResult) -> str:
    a = result.answer
    return f"Use {a.name} ({a.certainty}). P {a.probability:.2f}, guaranteed {a.guaranteed_loss:.3f}, like {a.indistinguishable}, out {a.ruled_out}"
