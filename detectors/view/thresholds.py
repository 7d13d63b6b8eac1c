"""The lines that series are held against, for charts: from the configuration, in the unit of the series.

Lines that move (the corridor, the floor) are readings of their detectors; quantiles that a model learns are in the
evidence of its signals. Nothing is decided here.
"""

from detectors.sections import Config


def thresholds(config: Config) -> dict[tuple[str, str], float]:
    """Fixed lines by series and name."""
    lines: dict[tuple[str, str], float] = {}
    for tenor, levels in config.levels.levels_pct.items():
        lines |= {(f"yield_{tenor}_pct", f"level {level:g} %"): level for level in levels}
    for slope in config.curve.slopes:
        series = f"slope_{slope.long}-{slope.short}_z_score"
        lines |= {(series, "steepening"): config.curve.alert_z, (series, "flattening"): -config.curve.alert_z}
    for tier, value in zip(("special", "very special"), config.specialness.tiers_bp, strict=True):
        lines["specialness", tier] = value
    for spread in config.scarcity.spreads:
        series = f"scarcity_{spread.name}_bp"
        # A scarce spread is a negative one: the lines lie below zero.
        lines |= {(series, "scarce"): -config.scarcity.min_bp, (series, "deep"): -config.scarcity.deep_bp}
    lines["takeup_ON_RRP_usd", "high"] = config.facility.line_usd
    if config.fails.line_usd is not None:
        lines["fails_TOTAL:week_usd", "high"] = config.fails.line_usd
    for side in ("flow", "stance"):
        series = f"coordination_{side}_count"
        lines[series, "amplified"] = config.coordination.amplified_count
        lines[series, "extreme"] = config.coordination.extreme_count
    low, high = config.inversion.wedge_bp
    lines |= {
        ("implied_wedge_bp", f"{sign}, {name}"): factor * value
        for sign, factor in (("supply", 1), ("demand", -1))
        for name, value in (("first level", low), ("second level", high))
    }
    return lines
