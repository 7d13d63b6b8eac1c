"""What the boards are made of: one place for selectors, units, colours and the shape of each kind of panel.

Colour never stands alone: every state has its word beside it. A panel of an empty history says so in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as dm
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

OURS = 'market="$market", job=~"$job"'
"""The selector of all that a market shows. ``job`` tells live from past; All takes what rules made, which has none."""
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${source}")
PERCENT, BASIS_POINTS, USD, SECONDS, NUMBER = "percent", "suffix: bp", "currencyUSD", "s", "short"
NEW_YORK = "America/New_York"
FEBRUARY = ("2021-02-01T05:00:00.000Z", "2021-04-01T04:00:00.000Z")
THEN = "February\N{EN DASH}March 2021"
TAG = "crunchwatch"
GREEN, AMBER, RED, GREY = "green", "orange", "dark-red", "text"
STATE = (
    f'max(crunchwatch_state{{{OURS}, crunchwatch_state="crunch"}}) + '
    f'2 * max(crunchwatch_state{{{OURS}, crunchwatch_state="de_facto_default"}})'
)
STATE_WORDS = {0: ("normal", GREEN), 1: ("crunch", AMBER), 2: ("de facto default", RED)}
ON_WORDS = {0: ("off", "transparent"), 1: ("on", AMBER), 2: ("strong", RED), 3: ("confirmed", RED)}

Words = dict[int, tuple[str, str]]
Panel = Builder[dm.Panel]


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are called; ``now``: only its value at the end of the range."""

    expr: str
    legend: str = "__auto"
    now: bool = False
    rows: bool = False

    def built(self, number: int) -> prometheus.Dataquery:
        """As a target."""
        query = prometheus.Dataquery().datasource(SOURCE).expr(self.expr).legend_format(self.legend)
        query = query.ref_id("ABCDEFGH"[number])
        if self.rows:
            query = query.format(PromQueryFormat.TABLE)
        return query.instant() if self.now else query.range()


@dataclass
class Sheet:
    """Panels in rows of 24 columns, each with a fixed id given where it is made."""

    placed: list[Panel | dashboard.Row] = field(default_factory=list)

    def row(self, title: str, number: int) -> None:
        """Begin a row under a heading."""
        self.placed.append(dashboard.Row(title).id(number))

    def add(self, *panels: Panel) -> None:
        """Panels beside each other, as far as they fit."""
        self.placed += panels

    def onto(self, board: dashboard.Dashboard) -> dashboard.Dashboard:
        """Put all on a board."""
        for one in self.placed:
            board = board.with_row(one) if isinstance(one, dashboard.Row) else board.with_panel(one)
        return board


def value(series: str) -> str:
    """The last values of the series that a pattern names."""
    return f'max by (series) (crunchwatch_value{{{OURS}, series=~"{series}"}})'


def lines_of(series: str) -> Query:
    """The lines that series are held against, drawn dashed."""
    return Query(f'max by (series, line) (crunchwatch_threshold{{{OURS}, series=~"{series}"}})', "{{line}}")


def _words(words: Words) -> list[Any]:
    options = {
        str(number): dm.ValueMappingResult(text=word, color=color, index=number)
        for number, (word, color) in words.items()
    }
    return [dm.ValueMap(options=options)]


def _steps(words: Words) -> dashboard.ThresholdsConfig:
    steps = [
        dm.Threshold(value=None if not number else float(number), color=color) for number, (_, color) in words.items()
    ]
    return dashboard.ThresholdsConfig().mode(dm.ThresholdsMode.ABSOLUTE).steps(steps)


def _plain() -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(dm.ThresholdsMode.ABSOLUTE).steps([dm.Threshold(value=None, color=GREY)])


def number(
    panel_id: int,
    title: str,
    about: str,
    query: str,
    *,
    unit: str = NUMBER,
    words: Words | None = None,
    nothing: str = "no data",
    span: int = 4,
    legend: str | None = None,
) -> Panel:
    """One figure, large, with its word; ``legend``: show the series' name instead of its value."""
    panel = (
        stat.Panel()
        .id(panel_id)
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .with_target(Query(query, legend or "__auto", now=True).built(0))
        .unit(unit)
        .no_value(nothing)
        .thresholds(_steps(words) if words else _plain())
        .color_mode(models.BigValueColorMode.BACKGROUND if words else models.BigValueColorMode.NONE)
        .graph_mode(models.BigValueGraphMode.NONE)
        .text_mode(models.BigValueTextMode.NAME if legend else models.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(4)
        .span(span)
    )
    return panel.mappings(_words(words)) if words else panel


def curves(
    panel_id: int,
    title: str,
    about: str,
    *queries: Query,
    unit: str,
    lines: str | None = None,
    span: int = 12,
    height: int = 8,
    nothing: str = "nothing has been heard of it",
    stepped: bool = False,
) -> Panel:
    """Values over time; the lines of ``lines`` dashed on top."""
    asked = [*queries, *([lines_of(lines)] if lines else [])]
    panel = (
        timeseries.Panel()
        .id(panel_id)
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets([query.built(index) for index, query in enumerate(asked)])
        .unit(unit)
        .no_value(nothing)
        .line_width(2)
        .fill_opacity(0)
        .show_points(models.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(models.LegendDisplayMode.LIST)
            .placement(models.LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(models.TooltipDisplayMode.MULTI))
        .height(height)
        .span(span)
    )
    if stepped:
        panel = panel.line_interpolation(models.LineInterpolation.STEP_AFTER)
    if lines:
        dashed = [
            dm.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]}),
            dm.DynamicConfigValue(id_val="custom.lineWidth", value=1),
        ]
        panel = panel.override_by_query("ABCDEFGH"[len(asked) - 1], dashed)
    return panel


def timeline(
    panel_id: int,
    title: str,
    about: str,
    *queries: Query,
    words: Words,
    span: int = 24,
    height: int = 5,
    nothing: str = "no history",
) -> Panel:
    """States over time, each with its word in its colour."""
    return (
        statetimeline.Panel()
        .id(panel_id)
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets([query.built(index) for index, query in enumerate(queries)])
        .no_value(nothing)
        .mappings(_words(words))
        .thresholds(_steps(words))
        .color_scheme(dashboard.FieldColor().mode(dm.FieldColorModeId.THRESHOLDS))
        .merge_values(merge_values=True)
        .show_value(models.VisibilityMode.AUTO)
        .row_height(0.9)
        .height(height)
        .span(span)
    )


def rows(
    panel_id: int,
    title: str,
    about: str,
    query: str,
    *,
    columns: dict[str, str],
    value_as: str = "",
    unit: str = NUMBER,
    span: int = 24,
    height: int = 8,
    link: str = "",
    nothing: str = "nothing in this range",
) -> Panel:
    """A table of the series at the end of the range: labels as columns, in this order, under these headings.

    ``value_as`` heads the value, and ``link`` is where a click on it leads.
    """
    order = [*columns, *(["Value"] if value_as else [])]
    shown = {**columns, **({"Value": value_as} if value_as else {})}
    panel = (
        table.Panel()
        .id(panel_id)
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .with_target(Query(query, now=True, rows=True).built(0))
        .no_value(nothing)
        .with_transformation(
            dm.DataTransformerConfig(
                id_val="organize",
                options={
                    "includeByName": dict.fromkeys(order, True),
                    "indexByName": {name: index for index, name in enumerate(order)},
                    "renameByName": shown,
                },
            )
        )
        .height(height)
        .span(span)
    )
    if value_as:
        shaped = [dm.DynamicConfigValue(id_val="unit", value=unit)]
        if link:
            target = {"title": "Open the evidence", "url": link}
            shaped.append(dm.DynamicConfigValue(id_val="links", value=[target]))
        panel = panel.override_by_name(value_as, shaped)
    return panel


def words(panel_id: int, title: str, about: str, content: str, *, span: int = 24, height: int = 4) -> Panel:
    """A panel of text."""
    panel = text.Panel().id(panel_id).title(title).description(about).content(content)
    return panel.height(height).span(span)


def variable(name: str, label: str, query: str, about: str, *, every: str = "", regex: str = "") -> Any:
    """A variable whose values Prometheus knows; ``every`` is the pattern of its All, if it has one."""
    made = (
        dashboard.QueryVariable(name)
        .label(label)
        .description(about)
        .datasource(SOURCE)
        .query(query)
        .definition(query)
        .refresh(dm.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dm.VariableSort.ALPHABETICAL_ASC)
        .regex(regex)
    )
    return made.include_all(include_all=True).all_value(every) if every else made


def frame(
    uid: str, title: str, about: str, *, since: str, extra: Sequence[Any] = (), jobs: str = ""
) -> dashboard.Dashboard:
    """An empty board: New York time, the variables, the range of 2021 one click away, the steps as annotations."""
    here = f"/d/{uid}?from={FEBRUARY[0]}&to={FEBRUARY[1]}&${{source:queryparam}}&${{market:queryparam}}"
    board = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags([TAG])
        .timezone(NEW_YORK)
        .time(since, "now")
        .refresh("30s")
        .readonly()
        .tooltip(dm.DashboardCursorSync.CROSSHAIR)
        .timepicker(
            dashboard.TimePicker().quick_ranges(
                [
                    dashboard.TimeOption().display(name).from_val(begin).to(end)
                    for name, begin, end in (
                        (THEN, *FEBRUARY),
                        ("Last 24 hours", "now-24h", "now"),
                        ("Last 7 days", "now-7d", "now"),
                        ("Last 90 days", "now-90d", "now"),
                    )
                ]
            )
        )
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(variable("market", "Market", "label_values(crunchwatch_state, market)", "Whose state is shown."))
        .with_variable(
            variable(
                "job",
                "Where from",
                'label_values(crunchwatch_state{market="$market"}, job)',
                "Live workers, or the past: backfill and replay.",
                every=jobs or ".*",
                regex=f"/{jobs}/" if jobs else "",
            )
        )
    )
    for one in extra:
        board = board.with_variable(one)
    links = [
        dashboard.DashboardLink(THEN).type(dm.DashboardLinkType.LINK).url(here).icon("history"),
        dashboard.DashboardLink("Boards")
        .type(dm.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True),
    ]
    for link in links:
        board = board.link(link)
    return board.annotation(_steps_of_the_state())


EVIDENCE = "crunchwatch-evidence"
STEPS = f"crunchwatch_last_transition_timestamp_seconds{{{OURS}}}"
HALF_A_DAY_MS = 43_200_000


def evidence_of(market: str, step: str, known_ms: str) -> str:
    """The address of a step's evidence, with the twelve hours around it."""
    around = f"time={known_ms}&time.window={HALF_A_DAY_MS}"
    return f"/d/{EVIDENCE}?var-market={market}&var-step={step}&{around}"


def _steps_of_the_state() -> dashboard.AnnotationQuery:
    url = evidence_of("{{market}}", "{{id}}", "{{known_ms}}")
    return (
        dashboard.AnnotationQuery()
        .name("Steps of the state")
        .datasource(SOURCE)
        .enable(enable=True)
        .icon_color("purple")
        .expr(f"{STEPS} * 1000")
        .use_value_for_time(use_value_for_time=True)
        .title_format("{{from_state}} → {{to_state}} ({{kind}}, confidence {{confidence}})")
        .text_format(f'<a href="{url}">Open the evidence</a>, or: crunchwatch explain {{{{id}}}}')
        .tag_keys("kind,confidence")
        .step("60s")
    )
