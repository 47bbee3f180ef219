"""The statistics as JSON; `docs/statistics.md` defines each number."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.domain.control_chart import ChartPoint
from app.domain.statistics import OutboxState, QueueState
from app.services.drift import DriftSeries, SiteDrift
from app.services.statistics import OverrideLine, Rate, Statistics

_LEVEL_NAMES = {0.25: "first_quartile", 0.5: "median", 0.75: "third_quartile", 0.9: "p90"}


class DayRead(BaseModel):
    """One day in UTC."""

    day: date = Field(description="The day, UTC.")
    opened: int = Field(description="Cases opened.")
    signed: int = Field(description="Cases signed for the first time.")


class TurnaroundRead(BaseModel):
    """Hours from the first image to the first signature, open cases taken into account."""

    signed: int = Field(description="Cases that are signed.")
    open: int = Field(description="Cases that are not signed yet.")
    erased: int = Field(description="Cases erased unsigned; not signed until then.")
    cancelled: int = Field(description="Cases whose order was cancelled; not signed until then.")
    first_quartile: float | None = Field(description="Hours; null while it cannot be told.")
    median: float | None = Field(description="Hours; null while it cannot be told.")
    third_quartile: float | None = Field(description="Hours; null while it cannot be told.")
    p90: float | None = Field(description="Hours; null while it cannot be told.")


class RateRead(BaseModel):
    """A share with its 95 % interval."""

    count: int = Field(description="How many.")
    total: int = Field(description="Of how many.")
    cases: int | None = Field(description="In how many cases; null where the cases are counted.")
    share: float | None = Field(description="0-1; null of nothing.")
    low: float | None = Field(description="Lower end of the interval.")
    high: float | None = Field(description="Upper end of the interval.")
    is_small: bool = Field(description="Whether it rests on too little to say much.")

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """From the service's."""
        low, high = rate.interval or (None, None)
        return cls(
            count=rate.count,
            total=rate.total,
            cases=rate.case_count,
            share=rate.value,
            low=low,
            high=high,
            is_small=rate.is_small,
        )


class RecommendationsRead(BaseModel):
    """Cases opened in the period by their recommendation."""

    recommended: RateRead = Field(description="UBA1 testing, of the cases with a score.")
    not_raised: int = Field(description="Not raised by the smear.")
    insufficient: int = Field(description="Too few cells to say.")
    none_yet: int = Field(description="Not classified yet, or read a second time now.")


class OverrideRead(BaseModel):
    """How often decisions differ from the classifier's calls."""

    reader: str | None = Field(description="Null: what the signed reports hold.")
    reader_id: UUID | None = Field(description="The reader's account.")
    bundle_digest: str | None = Field(description="Null: under all bundles.")
    subject: str = Field(description="An abnormality, or `counted`.")
    changed: RateRead = Field(description="Of the cells looked at.")
    removed: RateRead = Field(description="Of those that the classifier called.")
    added: RateRead = Field(description="Of those that it did not call.")

    @classmethod
    def of(cls, line: OverrideLine) -> Self:
        """From the service's."""
        return cls(
            reader=line.reader,
            reader_id=line.reader_id,
            bundle_digest=line.bundle_digest,
            subject=line.subject.value if line.subject else "counted",
            changed=RateRead.of(line.changed),
            removed=RateRead.of(line.removed),
            added=RateRead.of(line.added),
        )


class WeekRead(BaseModel):
    """One week of one number."""

    week: date = Field(description="Its Monday, UTC.")
    cases: int = Field(description="Cases of the week.")
    value: float | None = Field(description="Null where nothing was counted.")
    low: float | None = Field(description="Lower limit; null without limits.")
    high: float | None = Field(description="Upper limit; null without limits.")
    standing: str = Field(
        description="inside, high, low, rising or falling (inside, but the weeks up to it together "
        "lie too high or low), few_cases or no_limits."
    )
    tendency: float | None = Field(
        description="Weighted mean of the weeks since the baseline, in its own sigmas; rising or "
        "falling beyond 2.962. Null where it is not told."
    )
    is_baseline: bool = Field(description="Whether the limits were made from it.")

    @classmethod
    def of(cls, point: ChartPoint) -> Self:
        """From the domain's."""
        return cls(
            week=point.week,
            cases=point.case_count,
            value=point.value,
            low=point.low,
            high=point.high,
            standing=point.standing.value,
            tendency=point.tendency,
            is_baseline=point.is_baseline,
        )


class SeriesRead(BaseModel):
    """One number under one bundle, by week."""

    series: str = Field(description="What is watched.")
    bundle_digest: str = Field(description="Two bundles never share limits.")
    centre: float | None = Field(description="Of the baseline; null without one.")
    baseline_first: date | None = Field(description="First week of the baseline.")
    baseline_last: date | None = Field(description="Last week of the baseline.")
    weeks_each: int = Field(description="Weeks that one point takes: 1, or 4 at a small site.")
    factor: float = Field(description="Laney's: what weeks vary beyond what cases explain.")
    weeks: list[WeekRead] = Field(description="In order.")

    @classmethod
    def all_of(cls, drawn: DriftSeries) -> list[Self]:
        """One for each bundle."""
        return [
            cls(
                series=str(drawn.series),
                bundle_digest=item.bundle_digest,
                centre=item.chart.centre,
                baseline_first=item.chart.baseline[0] if item.chart.baseline else None,
                baseline_last=item.chart.baseline[1] if item.chart.baseline else None,
                weeks_each=item.chart.weeks_each,
                factor=item.chart.factor,
                weeks=[WeekRead.of(point) for point in item.chart.points],
            )
            for item in drawn.bundles
        ]


class SiteDriftRead(BaseModel):
    """The drift at one site; sites are never mixed."""

    site_id: UUID = Field(description="The site.")
    series: list[SeriesRead] = Field(description="Every number that has a week.")

    @classmethod
    def of(cls, site: SiteDrift) -> Self:
        """From the service's."""
        return cls(
            site_id=site.site_id,
            series=[item for drawn in site.series for item in SeriesRead.all_of(drawn)],
        )


class WaitingRead(BaseModel):
    """A queue of jobs, or the deliveries of one kind; shared by all sites."""

    name: str = Field(description="Queue, or kind of delivery.")
    waiting: int = Field(description="Still to be done.")
    running: int | None = Field(description="Being done; null for deliveries.")
    given_up: int = Field(description="Failed, or dead letters: they wait for a person.")
    oldest_waiting_at: datetime | None = Field(description="Since when the oldest one waits.")

    @classmethod
    def of_queue(cls, state: QueueState) -> Self:
        """A queue."""
        return cls(
            name=state.queue,
            waiting=state.waiting,
            running=state.running,
            given_up=state.failed,
            oldest_waiting_at=state.oldest_waiting_at,
        )

    @classmethod
    def of_outbox(cls, state: OutboxState) -> Self:
        """Deliveries."""
        return cls(
            name=state.kind,
            waiting=state.waiting,
            running=None,
            given_up=state.dead,
            oldest_waiting_at=state.oldest_waiting_at,
        )


class StatisticsRead(BaseModel):
    """The statistics of a period."""

    first: date = Field(description="First day, UTC.")
    last: date = Field(description="Last day, UTC.")
    site_ids: list[UUID] = Field(description="Sites that are counted.")
    demonstrations: int = Field(description="Cases that are no laboratory's own.")
    with_demonstrations: bool = Field(description="Whether these are counted.")
    days: list[DayRead] = Field(description="Every day of the period.")
    turnaround: TurnaroundRead = Field(description="From the first image to the signature.")
    recommendations: RecommendationsRead = Field(description="Cases by recommendation.")
    signed_overrides: list[OverrideRead] = Field(description="What the signed reports hold.")
    reader_overrides: list[OverrideRead] = Field(description="Each reader's own readings.")
    drift: list[SiteDriftRead] = Field(description="By site and week.")
    bundles: dict[str, str] = Field(description="Titles of the bundles by digest.")
    queues: list[WaitingRead] = Field(description="Jobs.")
    outbox: list[WaitingRead] = Field(description="Deliveries to other systems.")

    @classmethod
    def of(cls, found: Statistics, queues: list[QueueState], outbox: list[OutboxState]) -> Self:
        """From the service's."""
        chosen, advice = found.chosen, found.recommended
        return cls(
            first=chosen.first,
            last=chosen.last,
            site_ids=sorted(chosen.site_ids),
            demonstrations=found.demonstrations,
            with_demonstrations=chosen.with_demonstrations,
            days=[DayRead(**vars(item)) for item in found.days],
            turnaround=_turnaround(found),
            recommendations=RecommendationsRead(
                recommended=_recommended(found),
                not_raised=advice.not_raised,
                insufficient=advice.insufficient,
                none_yet=advice.open,
            ),
            signed_overrides=[OverrideRead.of(line) for line in found.signed_overrides],
            reader_overrides=[OverrideRead.of(line) for line in found.reader_overrides],
            drift=[SiteDriftRead.of(site) for site in found.drift],
            bundles=dict(found.bundle_titles),
            queues=[WaitingRead.of_queue(item) for item in queues],
            outbox=[WaitingRead.of_outbox(item) for item in outbox],
        )


def _turnaround(found: Statistics) -> TurnaroundRead:
    times = found.turnaround
    hours = {_LEVEL_NAMES[level]: value for level, value in times.hours.items()}
    return TurnaroundRead(
        signed=times.signed,
        open=times.open,
        erased=times.erased,
        cancelled=times.cancelled,
        **hours,
    )


def _recommended(found: Statistics) -> RateRead:
    share = found.recommended_share
    return RateRead(
        count=share.count,
        total=share.total,
        cases=None,
        share=share.value,
        low=share.low,
        high=share.high,
        is_small=found.recommended_is_small,
    )
