"""How long a 12-lead recording of 10 s takes, and half an hour of two leads."""

import statistics
import time
from typing import Any

from benchmarks.anomaly_parts.common import Models
from ecgcore.inference.anomaly import find_anomalies
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import make_demonstration_case

RECORDS = 12


def run(models: Models, _split: str, every: int) -> dict[str, Any]:
    given = [simulate("pvc", seed=s, fs_hz=500.0).recording for s in range(RECORDS // every)]
    find_anomalies(models.anomaly, given[0])
    wall, processor = [], []
    for recording in given:
        started, used = time.perf_counter(), time.process_time()
        find_anomalies(models.anomaly, recording)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    long = make_demonstration_case("holter-pvc").recording
    used = time.process_time()
    find_anomalies(models.anomaly, long)
    return {
        "rows": [],
        "wall_s_median": statistics.median(wall),
        "processor_s_median": statistics.median(processor),
        "half_an_hour_processor_s": time.process_time() - used,
    }
