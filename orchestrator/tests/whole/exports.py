"""Reads the files of `coldwatch export` with the readers they are made for. Arguments: a folder with the files."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older_format

# Bencher Metric Format (bencher.dev, reference): benchmarks, each with measures, each with a value and maybe bounds.
NUMBER = {"type": "number"}
METRIC = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": NUMBER, "lower_value": NUMBER, "upper_value": NUMBER},
    "additionalProperties": False,
}
BENCHMARK = {"type": "object", "minProperties": 1, "additionalProperties": METRIC}
BMF = {"type": "object", "minProperties": 1, "additionalProperties": BENCHMARK}

OTAVA = """
tests:
  f:
    type: csv
    file: {file}
    time_column: time
    attributes: [run_id]
    metrics:
      p50: {{column: p50_ms, direction: -1, scale: 1}}
"""


def gauges(text, parse):
    samples = [s for family in parse(text) for s in family.samples if s.name.startswith("coldwatch_")]
    return {(s.name, s.labels["label"], s.labels.get("figure")): s.value for s in samples}


def read_openmetrics(folder):
    text = (folder / "openmetrics").read_text()
    strict = gauges(text, text_string_to_metric_families)
    assert strict[("coldwatch_proven_samples", 'the "label"', None)] == 6, strict
    assert strict[("coldwatch_init_duration_seconds", 'the "label"', "p50")] == 0.06, strict
    assert gauges(text, older_format) == strict, "the node exporter reads the older format"


def read_csv(folder):
    with open(folder / "csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows), "every row has a cell for each column"
    assert [row["label"] for row in rows] == ['the "label"'] * len(rows)
    assert [float(row["init_p50_ms"]) for row in rows] == [30.0] * 12 + [60.0] * 12
    with open(folder / "samples", newline="") as file:
        samples = list(csv.DictReader(file))
    assert len(samples) == 2 * len(rows) and {s["outcome"] for s in samples} == {"cold"}, len(samples)


def read_otava(folder):
    config = folder / "otava.yaml"
    config.write_text(OTAVA.format(file=folder / "otava"))
    command = [Path(sys.executable).with_name("otava"), "analyze", "f", "--output", "json"]
    answer = subprocess.run(command, env=os.environ | {"OTAVA_CONFIG": str(config)}, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    with open(folder / "otava", newline="") as file:
        runs = list(csv.DictReader(file))
    found = json.loads(answer.stdout)["f"]
    assert [change["attributes"]["run_id"] for change in found] == [runs[12]["run_id"]], found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    jsonschema.validate(json.loads((folder / "bencher").read_text()), BMF)
    read_openmetrics(folder)
    read_csv(folder)
    read_otava(folder)
