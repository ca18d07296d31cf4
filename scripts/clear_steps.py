"""clear_steps.py HISTORY OUT: the steps of real histories that nobody would dispute, as JSON.

HISTORY is a folder of series files or a lambda-perf history (csv.gz). A step counts where two of three independent methods agree
within 7 runs, the levels differ by 5 % and by 3 robust standard deviations of the 20 runs on either side, and it is 10 runs from
either end. The methods: KernelCPD (rbf, penalty log n), PELT (L2, penalty 4 log n, values cut at 2.5 robust standard deviations
from a running median) and Otava 0.8 (p 1e-4), all on logarithms of run medians.
"""
import concurrent.futures, csv, json, math, pathlib, statistics, sys

import evaluate_figures as figures

AGREE, SIDE, EDGE, LEAST_SHIFT, LEAST_SIGMAS, LEAST_RUNS = 7, 20, 10, 0.05, 3.0, 120
MAD_TO_SIGMA = 1.4826


def kernel_cpd(values):
    import numpy, ruptures
    return ruptures.KernelCPD(kernel="rbf", min_size=3).fit(numpy.array(values)).predict(pen=math.log(len(values)))[:-1]


def clipped_pelt(values):
    import numpy, ruptures
    values = numpy.array(values)
    level = numpy.array([numpy.median(values[max(0, i - 10):i + 11]) for i in range(len(values))])
    rest = values - level
    sigma = max(MAD_TO_SIGMA * numpy.median(numpy.abs(rest)), 1e-6)
    cut = (level + numpy.clip(rest, -2.5 * sigma, 2.5 * sigma)) / sigma
    return ruptures.KernelCPD(kernel="linear", min_size=3).fit(cut).predict(pen=4 * math.log(len(values)))[:-1]


def otava(values):
    from otava.analysis import compute_change_points
    points, _ = compute_change_points([math.exp(value) for value in values], max_pvalue=1e-4)
    return [int(point.index) for point in points]


def sigma(values):
    middle = statistics.median(values)
    return MAD_TO_SIGMA * statistics.median(abs(value - middle) for value in values)


def clear(values, at):
    """The shift at a step as a ratio less 1, if it is a clear one."""
    if at < EDGE or len(values) - at < EDGE:
        return None
    before, after = values[max(0, at - SIDE):at], values[at:at + SIDE]
    shift = statistics.median(after) - statistics.median(before)
    rest = [value - statistics.median(side) for side in (before, after) for value in side]
    is_clear = abs(math.expm1(shift)) >= LEAST_SHIFT and abs(shift) >= LEAST_SIGMAS * max(sigma(rest), 1e-9)
    return math.expm1(shift) if is_clear else None


def agreed(values):
    """Clear steps on which two methods agree: index and shift."""
    found = sorted((at, method) for method, tool in enumerate((kernel_cpd, clipped_pelt, otava)) for at in tool(values))
    steps, used = [], set()
    for place, (at, _) in enumerate(found):
        if place in used:
            continue
        group = [i for i in range(place, len(found)) if i not in used and found[i][0] - at <= AGREE]
        if len({found[i][1] for i in group}) < 2:
            continue
        candidates = [(abs(shift), found[i][0], shift) for i in group if (shift := clear(values, found[i][0])) is not None]
        used.update(group)
        if candidates:
            _, index, shift = max(candidates)
            steps.append((index, shift))
    return steps


def of_series(item):
    name, runs, values = item
    return name, [(runs[index], shift) for index, shift in agreed(values)]


def main():
    history, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if history.is_file():
        figures.split(history, out.with_suffix(".series"))
        history = out.with_suffix(".series")
    series = []
    for file in sorted(history.glob("*.csv")):
        with open(file) as lines:
            rows = [sorted(map(float, row["samples"].split())) for row in csv.DictReader(lines)]
        known = [(run, math.log(statistics.median(samples))) for run, samples in enumerate(rows) if samples]
        if len(known) >= LEAST_RUNS:
            series.append((file.stem, [run for run, _ in known], [value for _, value in known]))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        steps = dict(pool.map(of_series, series, chunksize=8))
    out.write_text(json.dumps(steps))
    every = [abs(shift) for found in steps.values() for _, shift in found]
    print(f"{len(every)} clear steps in {len(steps)} histories, {sum(shift > 0.15 for shift in every)} above 15 %")


if __name__ == "__main__":
    main()
