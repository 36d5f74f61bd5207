#!/usr/bin/env python3
"""Watches how the candidate serves its share, and fails when it serves badly.

PROJECT           of the service
REGION, SERVICE   the Cloud Run service
CANDIDATE         the revision
WATCH_S           for how long (s); Cloud Monitoring is about three minutes behind
MIN_REQUESTS      with fewer the latency is not judged, and errors as if there were so many
MAX_ERROR_PERCENT of answers that are 5xx
MAX_P95_MS        95th percentile of the latency; a client of the feed counts with all its time
POLL_S            how often to look (s); 30 if left out
MONITORING_URL    Cloud Monitoring's if left out
"""

# ruff: noqa: T201  what it prints is the build's log
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

_NEEDED: Final = ("PROJECT", "REGION", "SERVICE", "CANDIDATE", "WATCH_S", "MIN_REQUESTS")
_LIMITS: Final = ("MAX_ERROR_PERCENT", "MAX_P95_MS")
_TOKEN: Final = ("gcloud", "auth", "print-access-token")
_PERIOD_S: Final = 60
"""The shortest that Cloud Monitoring sums up."""


@dataclass(frozen=True)
class Served:
    """What the revision has answered since it was first watched."""

    requests: int
    errors: int
    p95_ms: float

    def faults(self, environment: Mapping[str, str]) -> list[str]:
        """Return which limits are exceeded."""
        enough = int(environment["MIN_REQUESTS"])
        percent, p95_ms = (float(environment[limit]) for limit in _LIMITS)
        faults = []
        if self.errors * 100 > percent * max(self.requests, enough):
            faults.append(f"{self.errors} of {self.requests} answers are 5xx, over {percent:g} %")
        if self.requests >= enough and self.p95_ms > p95_ms:
            faults.append(f"the 95th percentile is {self.p95_ms:.0f} ms, over {p95_ms:g} ms")
        return faults


def main(environment: Mapping[str, str]) -> int:
    """Watch until a limit is exceeded or the time is over, and return the exit code."""
    if missing := [key for key in _NEEDED + _LIMITS if not environment.get(key)]:
        print(f"{', '.join(missing)}: not set\n{__doc__}", file=sys.stderr)
        return 2
    begun = time.monotonic()
    while True:
        left_s = float(environment["WATCH_S"]) - (time.monotonic() - begun)
        time.sleep(max(0.0, min(float(environment.get("POLL_S", "30")), left_s)))
        over_s = time.monotonic() - begun
        over = over_s >= float(environment["WATCH_S"])
        try:
            served = _served(environment, over_s)
        except (URLError, TimeoutError, subprocess.CalledProcessError) as error:
            print(f"Cloud Monitoring does not tell: {error}", file=sys.stderr)
            if over:
                return 1
            continue
        print(f"{served.requests} requests, {served.errors} 5xx, 95 % in {served.p95_ms:.0f} ms")
        if faults := served.faults(environment):
            print("; ".join(faults), file=sys.stderr)
            return 1
        if over:
            if served.requests < int(environment["MIN_REQUESTS"]):
                print(f"too few requests to judge the latency: {served.requests}; going on")
            return 0


def _served(environment: Mapping[str, str], since_s: float) -> Served:
    counts: dict[str, int] = {}
    grouped = {"groupByFields": "metric.labels.response_code_class"}
    for series in _series(environment, since_s, "request_count", "REDUCE_SUM", grouped):
        kind = series["metric"]["labels"]["response_code_class"]
        counts[kind] = sum(int(point["value"]["int64Value"]) for point in series["points"])
    latencies = _series(environment, since_s, "request_latencies", "REDUCE_PERCENTILE_95", {})
    points = [point["value"]["doubleValue"] for series in latencies for point in series["points"]]
    return Served(sum(counts.values()), counts.get("5xx", 0), max(points, default=0.0))


def _series(
    environment: Mapping[str, str],
    since_s: float,
    metric: str,
    reducer: str,
    more: Mapping[str, str],
) -> list[dict[str, Any]]:
    # One period is all of the time: a percentile of several cannot be put together.
    period_s = max(_PERIOD_S, round(since_s))
    end = datetime.now(UTC)
    query = {
        "filter": f'metric.type = "run.googleapis.com/{metric}"'
        f' AND resource.labels.location = "{environment["REGION"]}"'
        f' AND resource.labels.service_name = "{environment["SERVICE"]}"'
        f' AND resource.labels.revision_name = "{environment["CANDIDATE"]}"',
        "interval.startTime": (end - timedelta(seconds=period_s)).isoformat(),
        "interval.endTime": end.isoformat(),
        "aggregation.alignmentPeriod": f"{period_s}s",
        "aggregation.perSeriesAligner": "ALIGN_DELTA",
        "aggregation.crossSeriesReducer": reducer,
        **{f"aggregation.{key}": value for key, value in more.items()},
    }
    base = environment.get("MONITORING_URL", "https://monitoring.googleapis.com")
    url = f"{base}/v3/projects/{quote(environment['PROJECT'])}/timeSeries?{urlencode(query)}"
    token = subprocess.run(_TOKEN, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    request = Request(url, headers={"Authorization": f"Bearer {token.strip()}"})  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        series: list[dict[str, Any]] = json.load(answer).get("timeSeries", [])
    return series


if __name__ == "__main__":
    sys.exit(main(os.environ))
