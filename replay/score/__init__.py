"""The scorecard: a preset against dated episodes, quiet spells and simple baselines."""
