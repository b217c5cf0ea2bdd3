"""What a comparison's terminal output says beside its main table: the baseline, seeds, tests, and what limits them."""

from typing import Any

from leadline.report.wording import chance

SPLITS = ("validation", "test")
SEED_COLUMNS = ("network", "seeds", "mean", "lowest – highest", "deviation between seeds", "error from the images")
TEST_COLUMNS = ("pair", "difference (95 % interval)", "only first right", "only second", "p", "p (Holm)")


def baseline_row(networks: list[dict[str, Any]]) -> list[str]:
    """The last row of the main table: what always answering the most frequent class gets on either split."""
    measured = next((one for one in networks if "validation" in one), None)
    if measured is None:
        return []
    shares = [f"{measured[split]['majority_baseline']:.1%}" if split in measured else "" for split in SPLITS]
    return ["always the largest class", "", "", "", "", *shares]


def remarks(networks: list[dict[str, Any]]) -> list[str]:
    """How the intervals were made, and the warnings that hold for every network; the others are in the report."""
    found = []
    for split in SPLITS:
        tables = [one[split] for one in networks if split in one]
        if not tables:
            continue
        called = "out-of-fold" if split == "validation" and any(one.get("folds") for one in networks) else split
        found.append(f"{called} intervals: {tables[0]['accuracy']['method']}, {tables[0]['accuracy']['n']:,} images")
        shared = [text for text in tables[0]["warnings"] if all(text in table["warnings"] for table in tables)]
        found += [f"{called}: {text}" for text in shared]
    return found


def seed_rows(networks: list[dict[str, Any]]) -> list[list[str]]:
    """A row per network that was trained from several seeds, in percentage points of validation accuracy."""
    rows = []
    for one in networks:
        spread = (one.get("seed_spread") or {}).get("validation")
        if not spread:
            continue
        images = spread["between_images"]
        rows.append(
            [
                one["name"],
                str(len(spread["accuracies"])),
                f"{spread['accuracy']:.1%}",
                f"{min(spread['accuracies']):.1%} – {max(spread['accuracies']):.1%}",
                f"{100 * spread['between_seeds']:.2f} points",
                "not known" if images is None else f"{100 * images:.2f} points",
            ]
        )
    return rows


def pair_rows(tests: dict[str, Any]) -> list[list[str]]:
    """A row per pair of networks."""
    return [
        [
            f"{pair['first']} – {pair['second']}",
            f"{100 * pair['value']:+.1f} ({100 * pair['low']:+.1f} – {100 * pair['high']:+.1f})",
            f"{pair['only_first']:,}",
            f"{pair['only_second']:,}",
            chance(pair["p_value"]),
            chance(pair["p_value_holm"]),
        ]
        for pair in tests["pairs"]
    ]
