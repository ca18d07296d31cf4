"""evaluate.py COLDWATCH OPERATING SETS [HISTORY]: scores coldwatch, KernelCPD and Otava on every labelled set in the folder SETS,
and measures what evaluate_figures.py has; HISTORY is a lambda-perf history.

A set has truth.json and series/*.csv. A detection within the margin of a true change is right; a window (drift) is one change, and
further detections in it are free; what lies in an `ignore` range is neither right nor wrong.
"""
import csv, json, math, pathlib, statistics, subprocess, sys, time

import evaluate_figures as figures

LEVEL = ["step03", "step05", "step10", "step20", "multi", "transient", "null"]
GOALS = [f"S{number}" for number in range(1, 15)]
REAL = ["real-null", "real-step05", "real-step10", "real-step20"]


def detected(coldwatch, folder, metric, work):
    """What `coldwatch score changes` finds, by series."""
    out = work / f"det-{metric}.json"
    subprocess.run([coldwatch, "score", "changes", folder / "series", "--metric", metric, "--out", out], check=True)
    return json.loads(out.read_text())["det"]


def medians(folder):
    """Logarithms of the run medians, with the run of each, by series: what the other tools are given."""
    series = {}
    for file in sorted((folder / "series").glob("*.csv")):
        with open(file) as lines:
            rows = [sorted(map(float, row["samples"].split())) for row in csv.DictReader(lines)]
        known = [(run, math.log(statistics.median(samples))) for run, samples in enumerate(rows) if samples]
        series[file.stem] = ([run for run, _ in known], [value for _, value in known])
    return series


def kernel_cpd(values):
    import numpy, ruptures
    found = ruptures.KernelCPD(kernel="rbf", min_size=3).fit(numpy.array(values)).predict(pen=math.log(len(values)))
    return found[:-1]


def otava(values):
    from otava.analysis import compute_change_points
    points, _ = compute_change_points([math.exp(value) for value in values])
    return [int(point.index) for point in points]


def with_tool(tool, series):
    det, start = {}, time.process_time()
    for name, (runs, values) in series.items():
        det[name] = [runs[index] for index in tool(values)]
    return det, 1000 * (time.process_time() - start) / max(1, len(series))


def score(truth, det, metric, margin):
    """By scenario: right, wrong, missed, runs."""
    counts = {}
    for series in truth["series"]:
        changes = [c["index"] for c in series["cps"] if metric in c["affects"]]
        others = [c["index"] for c in series["cps"] if metric not in c["affects"]]
        found = sorted(d for d in set(det[series["id"]]) if all(abs(d - o) > margin for o in others))
        used, right, missed = set(), 0, 0
        for change in sorted(changes):
            near = [d for d in found if d not in used and abs(d - change) <= margin]
            if near:
                used.add(min(near, key=lambda d: abs(d - change)))
                right += 1
            else:
                missed += 1
        for low, high in series["windows"]:
            inside = {d for d in found if low - margin <= d <= high + margin}
            used |= inside
            right, missed = right + bool(inside), missed + (not inside)
        ignored = series.get("ignore", [])
        wrong = sum(d not in used and not any(a <= d < b for a, b in ignored) for d in found)
        total = counts.setdefault(series["scenario"], [0, 0, 0, 0])
        for place, value in enumerate((right, wrong, missed, series["runs"])):
            total[place] += value
    return counts


def pooled(counts, scenarios):
    return [sum(counts.get(s, [0] * 4)[place] for s in scenarios) for place in range(4)]


def f1(counts, scenarios):
    right, wrong, missed, _ = pooled(counts, scenarios)
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def recall(counts, scenario):
    right, _, missed, _ = pooled(counts, [scenario])
    return right / (right + missed) if right + missed else float("nan")


def precision(counts, scenarios):
    right, wrong, _, _ = pooled(counts, scenarios)
    return right / (right + wrong) if right + wrong else float("nan")


def alarms(counts, scenario):
    _, wrong, _, runs = pooled(counts, [scenario])
    return wrong, 1000 * wrong / runs if runs else float("nan")


def online(truth, alerts, margin=7):
    """False alerts per 1,000 runs of series without change, share retracted, median delay by size of step."""
    false, quiet, raised, retracted, delays = 0, 0, 0, 0, {}
    for series in truth["series"]:
        entries = alerts[series["id"]]
        new = [e for e in entries if e["state"] != "retracted"]
        raised, retracted = raised + len(new), retracted + len(entries) - len(new)
        if series["scenario"] in ("null", "real-null"):
            quiet, false = quiet + series["runs"], false + len(new)
        if series["scenario"] in ("step05", "step10", "step20"):
            change = series["cps"][0]["index"]
            waits = [e["raised_at"] + 1 - change for e in new if abs(e["index"] - change) <= margin and e["raised_at"] >= change]
            delays.setdefault(series["scenario"], []).append(min(waits, default=math.inf))
    middle = {scenario: statistics.median(waits) for scenario, waits in delays.items()}
    return 1000 * false / quiet if quiet else float("nan"), retracted / max(1, raised), middle


def other_goals(coldwatch, operating, sets, history):
    """Everything but the labelled sets. Nothing else should run meanwhile: some of it are times."""
    yield from figures.speed(coldwatch)
    for pairs in sorted(sets.glob("*/wilcox.csv")):
        yield from figures.against_r(coldwatch, pairs)
    folder = None
    if history:
        folder = sets / "history"
        figures.split(history[0], folder)
        yield from figures.known_event(coldwatch, folder)
    yield from figures.simulated(operating, folder)


def main():
    coldwatch, operating, sets = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    rows = []

    def row(goal, what, ours, met, kernel="", theirs=""):
        rows.append((goal, what, ours, "met" if met else "missed", kernel, theirs))

    for folder in sorted(p.parent for p in sets.glob("*/truth.json")):
        truth = json.loads((folder / "truth.json").read_text())
        scenarios = {s["scenario"] for s in truth["series"]}
        annotated = any("ignore" in s for s in truth["series"])
        margin = truth.get("margin", 10 if annotated else 5)
        found = {"coldwatch": detected(coldwatch, folder, "p50", sets)}
        series = medians(folder)
        for name, tool in (("KernelCPD", kernel_cpd), ("Otava 0.8", otava)):
            try:
                found[name], _ = with_tool(tool, series)
            except Exception as error:  # a rival that does not run is reported, and ours still counts
                print(f"warning: {name} did not run on {folder.name}: {error!r}", file=sys.stderr)
        scored = {name: score(truth, det, "p50", margin) for name, det in found.items()}
        ours = scored["coldwatch"]

        def compared(goal, what, figure, met):
            shown = [f"{figure(scored[name]):.3f}" if name in scored else "not run" for name in ("coldwatch", "KernelCPD", "Otava 0.8")]
            row(goal, f"{folder.name}: {what}", shown[0], met(figure(ours)), *shown[1:])

        if annotated:
            every = sorted(scenarios)
            compared("S4", "precision ≥ 0.95", lambda c: precision(c, every), lambda v: v >= 0.95)
            compared("S4", "F1 ≥ 0.88", lambda c: f1(c, every), lambda v: v >= 0.88)
            continue
        if "step05" in scenarios:
            compared("S1", "F1 ≥ 0.94", lambda c: f1(c, LEVEL), lambda v: v >= 0.94)
            for scenario, least in (("step20", 1), ("step10", 1), ("step05", 0.95), ("step03", 0.6)):
                compared("S1", f"recall {scenario} ≥ {least}", lambda c: recall(c, scenario), lambda v: v >= least)
            compared("S2", "false alarms without change per 1,000 ≤ 0.019", lambda c: alarms(c, "null")[1], lambda v: v <= 0.019)
        if "real-null" in scenarios:
            compared("S3", "F1 on real residuals ≥ 0.90", lambda c: f1(c, REAL), lambda v: v >= 0.90)
            compared("S3", "false alarms per 1,000 ≤ 0.2", lambda c: alarms(c, "real-null")[1], lambda v: v <= 0.2)
        if "drift" in scenarios:
            compared("S6", "drifts reported", lambda c: recall(c, "drift"), lambda v: v >= 0.9)
        for metric in ("p90", "spread"):
            shape = [s for s in ("mix", "tail", "spread") if s in scenarios]
            det = detected(coldwatch, folder, metric, sets) if shape else {}
            counts = score(truth, det, "p90", margin) if shape else {}
            for scenario in shape:
                value = recall(counts, scenario)
                row("S7", f"{folder.name}: recall {scenario} by {metric} ≥ 0.9", f"{value:.3f}", value >= 0.9)
        out = sets / "alerts.json"
        subprocess.run([coldwatch, "score", "changes", folder / "series", "--replay", "--out", out], check=True)
        false, share, delays = online(truth, json.loads(out.read_text())["alerts"])
        row("S5", f"{folder.name}: false alerts per 1,000 ≤ 0.2", f"{false:.2f}", false <= 0.2)
        row("S5", f"{folder.name}: retracted ≤ 5 %", f"{100 * share:.1f} %", share <= 0.05)
        for scenario, most in (("step20", 4), ("step10", 6), ("step05", 12)):
            if scenario in delays:
                row("S5", f"{folder.name}: runs until {scenario} ≤ {most}", f"{delays[scenario]:g}", delays[scenario] <= most)

    for found in other_goals(coldwatch, operating, sets, sys.argv[4:]):
        row(*found)
    measured = {goal for goal, *_ in rows}
    rows += [(goal, "", "not measured: no such data", "", "", "") for goal in GOALS if goal not in measured]
    rows.sort(key=lambda r: int(r[0][1:]))
    print(f"{sum(r[3] == 'met' for r in rows)} met, {sum(r[3] == 'missed' for r in rows)} missed\n")
    print("| goal | what | coldwatch | verdict | KernelCPD | Otava 0.8 |\n|---|---|---|---|---|---|")
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


main()
