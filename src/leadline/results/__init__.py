"""What a run and a comparison leave, typed: metrics.json, environment.json, comparison.json."""
