"""Desk: the state and how sure it is on top, the timeline over the drivers with their lines."""

from grafana_foundation_sdk.builders import dashboard

from grafana.boards import parts
from grafana.boards.parts import BASIS_POINTS, ON_WORDS, OURS, PERCENT, SECONDS, STATE, USD, Query, Sheet, value

UID = "crunchwatch-desk"
SEEN = {0: ("seen", parts.GREEN), 1: ("blind", parts.AMBER)}
HOLDS = {0: ("no", "transparent"), 1: ("holds", parts.AMBER)}
ALERT = {0: ("quiet", "transparent"), 1: ("firing", parts.RED)}
SINCE = f"max(crunchwatch_watermark_seconds{{{OURS}}}) - (max(crunchwatch_state_since_seconds{{{OURS}}}) > 0)"
FEEDS = 'feed!~".+:.+"'


def board() -> dashboard.Dashboard:
    """Build it."""
    sheet = Sheet()
    _state(sheet)
    _yields(sheet)
    _repo(sheet)
    _funds(sheet)
    _models(sheet)
    about = "The state of a Treasury market, why, and what drives it. Rates in percent, moves in basis points."
    return sheet.onto(parts.frame(UID, "crunchwatch: Desk", about, since="now-30d"))


def _state(sheet: Sheet) -> None:
    sheet.add(
        parts.number(
            1,
            "State",
            "What the table of rules says: normal, crunch, de facto default.",
            STATE,
            words=parts.STATE_WORDS,
        ),
        parts.number(
            2,
            "Kind",
            "What the stress is of: supply, scarcity, squeeze; none while the state is normal.",
            f"max by (crunchwatch_kind) (crunchwatch_kind{{{OURS}}}) == 1",
            legend="{{crunchwatch_kind}}",
        ),
        parts.number(
            3,
            "Time in this state",
            "Event time since the state was entered.",
            SINCE,
            unit=SECONDS,
            nothing="since the beginning",
        ),
        parts.number(
            4,
            "Confidence",
            "Low: carried by silent evidence or by figures not on record. High: two rules, or a rule and a model.",
            f"max by (crunchwatch_confidence) (crunchwatch_confidence{{{OURS}}}) == 1",
            legend="{{crunchwatch_confidence}}",
        ),
        parts.number(
            5,
            "Blind on",
            "Feeds that are silent for longer than they may be. Silence is not calm: it never lowers the state.",
            f"max by (feed) (crunchwatch_blind{{{OURS}, {FEEDS}}}) == 1",
            legend="{{feed}}",
            nothing="nothing",
        ),
        parts.number(
            6,
            "Where this comes from",
            "The job of the series: crunchwatch is live; backfill and replay are the past.",
            f"count by (job) (crunchwatch_watermark_seconds{{{OURS}}})",
            legend="{{job}}",
        ),
        parts.timeline(
            7,
            "State",
            "The state over time; a purple mark is a step, and opens its evidence.",
            Query(STATE, "state"),
            words=parts.STATE_WORDS,
            height=4,
        ),
        parts.timeline(
            8,
            "Rules that hold",
            "Each rule of the stress table. A state is entered when one of its rules holds.",
            Query(f"max by (rule) (crunchwatch_rule_holds{{{OURS}}})", "{{rule}}"),
            words=HOLDS,
            height=9,
        ),
        parts.timeline(
            9,
            "What can be seen",
            "Each feed. A market that is blind on a feed holds what the feed last said.",
            Query(f"max by (feed) (crunchwatch_blind{{{OURS}, {FEEDS}}})", "{{feed}}"),
            words=SEEN,
            span=12,
            height=7,
        ),
        parts.timeline(
            10,
            "Alerts",
            "Alerts that fired for this market; their runbooks are in docs/runbooks.",
            Query(f'max by (alertname) (ALERTS{{{OURS}, alertstate="firing"}})', "{{alertname}}"),
            words=ALERT,
            span=12,
            height=7,
            nothing="no alert in this range",
        ),
        parts.rows(
            11,
            "The last step",
            "From, to and when it was known. The time opens its evidence; `crunchwatch explain ID` proves it.",
            f"last_over_time({parts.STEPS}[$__range]) * 1000",
            columns={"id": "Id", "from_state": "From", "to_state": "To", "kind": "Kind", "confidence": "Confidence"},
            value_as="Known",
            unit="dateTimeAsIso",
            height=6,
            link=parts.evidence_of("${market}", "${__data.fields.Id}", "${__value.raw}"),
        ),
    )


def _yields(sheet: Sheet) -> None:
    sheet.row("Yields", 100)
    sheet.add(
        parts.curves(
            101,
            "Yields and their levels",
            "The last yield of each watched tenor; dashed, the levels whose break is a signal.",
            Query(value("yield_.+_pct"), "{{series}}"),
            unit=PERCENT,
            lines="yield_.+_pct",
        ),
        parts.curves(
            102,
            "Curve, in deviations",
            "Changes of slopes over five days against the year before; dashed, where they are unusual.",
            Query(value("slope_.+_z_score"), "{{series}}"),
            unit=parts.NUMBER,
            lines="slope_.+_z_score",
        ),
        parts.curves(
            103,
            "Slopes",
            "The slopes themselves, at the close.",
            Query(value("slope_.+_bp"), "{{series}}"),
            unit=BASIS_POINTS,
        ),
        parts.curves(
            104,
            "Volatility of yields",
            "A day's standard deviation by tenor, exponentially weighted.",
            Query(value("volatility_.+_bp"), "{{series}}"),
            unit=BASIS_POINTS,
        ),
    )


def _repo(sheet: Sheet) -> None:
    sheet.row("Repo and settlement", 200)
    sheet.add(
        parts.curves(
            201,
            "Repo in the corridor",
            "General collateral between the corridor's bottom and the target range's upper limit.",
            Query(value("repo_.+_pct"), "{{series}}"),
            Query(value("corridor_.+_pct"), "{{series}}"),
            unit=PERCENT,
            stepped=True,
        ),
        parts.curves(
            202,
            "Special issues and the floor",
            "The lowest rate of each issue's last day, and the rate below which failing is cheaper than delivering. "
            "A line that stays flat may have ended: its last figure stands until a newer one; what is blind says so.",
            Query(value("special_.+_pct"), "{{series}}"),
            Query(value("floor_pct"), "floor"),
            unit=PERCENT,
            stepped=True,
        ),
        parts.curves(
            203,
            "Specialness",
            "How far below general collateral an issue trades; dashed, the tiers.",
            Query(value("specialness_.+_bp"), "{{series}}"),
            unit=BASIS_POINTS,
            lines="specialness.*",
            stepped=True,
        ),
        parts.curves(
            204,
            "Scarcity",
            "Spreads of public rates that sink when collateral is scarce.",
            Query(value("scarcity_.+_bp"), "{{series}}"),
            unit=BASIS_POINTS,
            lines="scarcity_.+_bp",
            stepped=True,
        ),
        parts.curves(
            205,
            "Fails to deliver",
            "As reported by the week. The bundled data has none: the market is blind on it.",
            Query(value("fails_.+_usd"), "{{series}}"),
            unit=USD,
            lines="fails_.+_usd",
            stepped=True,
        ),
        parts.curves(
            206,
            "Take-up of the facilities",
            "Overnight reverse repo, and what the Federal Reserve lends of its own notes; dashed, where it is high.",
            Query(value("takeup_.+_usd"), "{{series}}"),
            unit=USD,
            lines="takeup_.+_usd",
            stepped=True,
        ),
    )


def _funds(sheet: Sheet) -> None:
    sheet.row("Funds", 300)
    sheet.add(
        parts.curves(
            301,
            "Types of funds that act together",
            "Of four: seen to sell lately (flow), standing low now (stance). Coincident, not a forecast.",
            Query(f"max by (side) (crunchwatch_funds_coordinated{{{OURS}}})", "{{side}}"),
            unit=parts.NUMBER,
            lines="coordination_stance_count",
            stepped=True,
        ),
        parts.curves(
            302,
            "How low each type stands",
            "The replicated exposure's place in its own past three years: 0 is the lowest.",
            Query(value("fund_.+_stance_percentile"), "{{series}}"),
            unit=PERCENT,
        ),
        parts.curves(
            303,
            "Futures positions",
            "Net contracts by category, as reported on Fridays for the Tuesday before.",
            Query(value("net_.+_contracts"), "{{series}}"),
            unit=parts.NUMBER,
            stepped=True,
        ),
        parts.curves(
            304,
            "Gain of the loops",
            "How much a step of yields comes back to yields through shorts or scarcity; at one a loop feeds itself.",
            Query(value("loop_gain_.+"), "{{series}}"),
            unit=parts.NUMBER,
        ),
    )


def _models(sheet: Sheet) -> None:
    sheet.row("Models and spillover", 400)
    sheet.add(
        parts.curves(
            401,
            "Implied shock",
            "The wedge that He, Nagel and Song's model needs for today's spreads: supply above zero, demand below.",
            Query(value("implied_wedge_bp"), "{{series}}"),
            unit=BASIS_POINTS,
            lines="implied_wedge_bp",
            stepped=True,
        ),
        parts.curves(
            402,
            "Distance to breakdown",
            "100: no shock. 0: the largest shock that any equilibrium bears.",
            Query(value("distance_to_breakdown_pct"), "{{series}}"),
            unit=PERCENT,
            stepped=True,
        ),
        parts.curves(
            403,
            "Spreads and their baselines",
            "What the online models watch, and the mean of a baseline that refuses the odd.",
            Query(value("spread_.+_bp"), "{{series}}"),
            Query(value("baseline_.+_bp"), "{{series}}"),
            unit=BASIS_POINTS,
            stepped=True,
        ),
        parts.timeline(
            404,
            "Anomalies",
            "Levels of the online models. They support a state and never make one.",
            Query(
                f'max by (signal) (crunchwatch_signal_level{{{OURS}, signal=~"(anomaly|shift|joint)\\\\..+"}})',
                "{{signal}}",
            ),
            words=ON_WORDS,
            span=12,
            height=8,
        ),
        parts.curves(
            405,
            "Spillover",
            "Abnormal returns of foreign indices after a Treasury shock, in standard errors.",
            Query(value("spillover_.+_t"), "{{series}}"),
            unit=parts.NUMBER,
            stepped=True,
        ),
        parts.timeline(
            406,
            "All signals",
            "The level of every signal; 0 is off.",
            Query(f"max by (signal) (crunchwatch_signal_level{{{OURS}}}) > 0", "{{signal}}"),
            words=ON_WORDS,
            span=12,
            height=8,
            nothing="no signal in this range",
        ),
    )
