"""`/metrics`: the whole installation in the text format of Prometheus, for who has the token. A web process adds itself.

Read from the database when asked for, in a number of queries that does not depend on what is there.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from agents.limits import totals
from evalhub import probes
from evalhub.accounts.selectors import bearer_token
from runs import services, workload
from runs.live.lag import BOUNDS
from runs.live.seats import seats
from runs.live.tail import tail
from runs.models import Worker

CLOSED = "Metrics are closed. Set EVALHUB_METRICS_TOKEN, and send it in the header `Authorization: Bearer TOKEN`."
WRONG = "Send the value of EVALHUB_METRICS_TOKEN in the header `Authorization: Bearer TOKEN`."
ENDPOINT = "endpoint"  # models of endpoint agents bear names that projects gave, and there may be any number
OTHER = "other"
NAMED_MODELS = 100  # the first ones that answered keep their label for ever, so that no counter ever loses what it had
BY_PROVIDER = {
    "calls": ("evalhub_model_calls", "Requests to models, failed ones and retries among them."),
    "failed": ("evalhub_model_call_failures", "Requests to models that brought no answer."),
    "retries": ("evalhub_model_call_retries", "Requests to models that repeated one which had failed."),
}
BY_MODEL = {
    "answered": ("evalhub_model_answers", "Requests that a model answered."),
    "unpriced": ("evalhub_model_calls_unpriced", "Answers of models whose price is not known: they are missing in the spend."),
    "price_usd": ("evalhub_spend_usd", "What models cost, as far as prices are known, in US dollars."),
}
Sums = dict[tuple[str, str], workload.Calls]
F = TypeVar("F", GaugeMetricFamily, CounterMetricFamily)
_totals = workload.Totals()


@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        return HttpResponse(f"{CLOSED}\n", status=404, content_type="text/plain")
    if not constant_time_compare(bearer_token(request.headers.get("Authorization", "")), settings.METRICS_TOKEN):
        return HttpResponse(f"{WRONG}\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": 'Bearer realm="evalhub"'})
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Read([*await _installation(probes.arrived(request)), *_this_process()]))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class Read(Collector):
    """Figures that were read already, as a registry wants them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _installation(arrived: float | None) -> list[Metric]:
    """What the database knows; that it is away is a figure too, and the others are then left out."""
    try:
        found = await _database.ask(arrived)
    except (TimeoutError, DatabaseError):
        found = []
    return [_gauge("evalhub_database_up", "Whether the database answered this scrape.", int(bool(found))), *found]


def _read() -> list[Metric]:
    return [*_queue(), *_workers(), *_calls(), *_providers()]


_database = probes.Probe(_read)


def _this_process() -> Iterator[Metric]:
    yield _gauge("evalhub_live_connections", "Event streams and WebSockets that are open in this web process.", seats.taken)
    lag = tail.lag.standing()
    buckets = list(zip([*map(str, BOUNDS), "+Inf"], map(float, lag.buckets), strict=True))
    meaning = "From the making of an event to its hand-over to an open page or stream of this web process."
    yield HistogramMetricFamily("evalhub_event_lag_seconds", meaning, buckets=buckets, sum_value=lag.total_seconds)


def _queue() -> Iterator[Metric]:
    load = workload.load()
    yield _gauge("evalhub_queue_depth", "Rings for a worker that none has answered.", services.queue_depth())
    by_status = {("pending",): load.pending, ("running",): load.running}
    yield _filled(GaugeMetricFamily("evalhub_runs", "Runs that are not over.", labels=["status"]), by_status)
    waits = "How long the run has waited that has waited longest; 0 when none waits."
    yield _gauge("evalhub_oldest_pending_seconds", waits, load.oldest_pending_seconds)
    leases = GaugeMetricFamily("evalhub_leases", "Runs that a worker holds; silent when it has not spoken in time.", labels=["state"])
    yield _filled(leases, {("held",): load.held, ("silent",): load.silent})


def _workers() -> Iterator[Metric]:
    seen = workload.workers_seen()
    kinds = {(str(kind),): sum(worker.kind == kind for worker in seen) for kind in Worker.Kind}
    yield _filled(GaugeMetricFamily("evalhub_workers", "Processes seen in the last minute.", labels=["kind"]), kinds)
    drains = {(worker.host, str(worker.pid)): worker for worker in seen if worker.kind == Worker.Kind.DRAIN}
    for column, name, meaning in (
        ("driving", "evalhub_worker_driving_runs", "Runs that a worker process drives."),
        ("concurrency", "evalhub_worker_concurrency_runs", "Runs that a worker process may drive at once."),
        ("calls_per_second", "evalhub_worker_calls_per_second", "Requests to models that a worker process makes, as it last said."),
    ):
        of_drains = {key: float(getattr(worker, column)) for key, worker in drains.items()}
        yield _filled(GaugeMetricFamily(name, meaning, labels=["host", "pid"]), of_drains)


def _calls() -> Iterator[Metric]:
    """What is typed makes no series: only who answered is named, and no more than NAMED_MODELS."""
    found = _totals.now()
    by_provider, by_model = _summed(found, _provider), _summed({key: calls for key, calls in found.items() if key.model}, _labels(found))
    for label, sums, counters in (("provider", by_provider, BY_PROVIDER), ("model", by_model, BY_MODEL)):
        for column, (name, meaning) in counters.items():
            family = CounterMetricFamily(name, meaning, labels=[label, "purpose"])
            yield _filled(family, {key: float(getattr(calls, column)) for key, calls in sums.items()})
    tokens = CounterMetricFamily("evalhub_model_tokens", "Tokens that models read and wrote.", labels=["model", "purpose", "direction"])
    _filled(tokens, {(*key, "input"): calls.input_tokens for key, calls in by_model.items()})
    yield _filled(tokens, {(*key, "output"): calls.output_tokens for key, calls in by_model.items()})


def _summed(found: workload.Tally, label: Callable[[workload.Asked], str]) -> Sums:
    sums: Sums = {}
    for key, calls in found.items():
        of = (label(key), key.purpose)
        sums[of] = sums.get(of, workload.NONE) + calls
    return sums


def _provider(key: workload.Asked) -> str:
    return key.provider


def _labels(found: workload.Tally) -> Callable[[workload.Asked], str]:
    """How a model is called in a label: by its name, if it is among the first that answered."""
    answered = dict.fromkeys(key.model for key in found if key.model and key.provider != ENDPOINT)
    named = set(itertools.islice(answered, NAMED_MODELS))

    def label(key: workload.Asked) -> str:
        if key.provider == ENDPOINT:
            return ENDPOINT
        return key.model if key.model in named else OTHER

    return label


def _providers() -> Iterator[Metric]:
    """No project is named: providers of one name are one, and the servers of agents are `endpoint`.

    All are gauges, the 429 as well: a provider that is deleted or renamed takes its own along.
    """
    uses = totals.uses()
    for column, name, meaning in (
        ("in_use", "evalhub_provider_open_requests", "Requests that are open at a provider."),
        ("waiting", "evalhub_provider_waiting_requests", "Requests that wait for a free place at a provider."),
        ("throttled", "evalhub_provider_throttled_answers", "Answers 429 of the providers that are there, as long as they are."),
        ("ceiling", "evalhub_provider_ceiling_requests", "What may be open at once since a 429 came; 0 while none is recent."),
    ):
        gauge = GaugeMetricFamily(name, meaning, labels=["provider"])
        yield _filled(gauge, {(key,): getattr(use, column) for key, use in uses.items()})


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _filled(family: F, values: Mapping[Any, float]) -> F:
    for labels, value in values.items():
        family.add_metric(list(labels), value)
    return family
