"""detection_sets.py OUT SEED [HISTORIES HALF]: labelled series for judging the detection of changes, made from a seed.

OUT becomes a folder with truth.json and series/*.csv, as evaluate.py reads them. HISTORIES is a folder of real series files; with
it, steps are also put into real noise: run medians divided by their running median over 61 runs. HALF (0 or 1) picks the functions
whose noise is used, so that one half can choose and the other confirm.
"""
import csv, json, math, pathlib, random, statistics, sys, zlib

RUNS, PER_RUN = 400, 10
NOISES = ("lognormal", "bimodal", "heavy", "wide")
REACH = 30


class Noise:
    """Samples of one function: how they scatter within a run, and how whole runs do."""

    def __init__(self, kind, draw, memory=0.0):
        self.kind, self.draw, self.memory, self.effect = kind, draw, memory, 0.0
        self.inside = {"lognormal": 0.05, "bimodal": 0.04, "heavy": 0.06, "wide": 0.12}[kind]
        self.between = draw.uniform(0.01, 0.02) if memory == 0 else draw.uniform(0.015, 0.025)
        self.share, self.apart = draw.uniform(0.3, 0.5), draw.uniform(0.2, 0.5)

    def run(self, level, size, mix=0.0, tail=0.0, wider=1.0):
        self.effect = self.memory * self.effect + math.sqrt(1 - self.memory**2) * self.draw.gauss(0, self.between)
        return [level * math.exp(self.effect + self.sample(mix, tail, wider)) for _ in range(size)]

    def sample(self, mix, tail, wider):
        value = wider * self.inside * self.draw.gauss(0, 1)
        if self.kind == "bimodal" and self.draw.random() < 0.1 + mix:
            value += self.apart
        elif mix and self.draw.random() < mix:
            value += 0.3
        if self.kind == "heavy" and self.draw.random() < 0.08 or self.draw.random() < tail:
            value += self.draw.expovariate(4)
        if self.kind == "wide":
            value = abs(value) * 1.4
        return value


def outliers(levels, draw):
    """Some runs far off, as one to four in a hundred real ones are."""
    return [level * (draw.uniform(1.2, 2.0) if draw.random() < 0.02 else 1.0) for level in levels]


def seasonal(levels, draw):
    day = draw.uniform(0.005, 0.02)
    return [level * (1 + day * math.sin(2 * math.pi * run / 7)) for run, level in enumerate(levels)]


def stepped(steps, runs=RUNS):
    """The level of each run, 1 at first, multiplied by each (index, factor)."""
    level, levels, steps = 1.0, [], dict(steps)
    for run in range(runs):
        level *= steps.get(run, 1.0)
        levels.append(level)
    return levels


def cps(steps):
    return [{"index": index, "rel": factor - 1, "affects": ["p50", "mean", "p90"]} for index, factor in steps]


def scenarios(draw):
    """(scenario, steps, windows, levels, shape) of every generated series."""
    flat = stepped([])
    for _ in range(96):
        yield "null", [], [], flat, {}
    for name, size in (("step03", 0.03), ("step05", 0.05), ("step10", 0.1), ("step20", 0.2)):
        for _ in range(32):
            factor = 1 + size if draw.random() < 0.5 else 1 / (1 + size)
            steps = [(draw.randrange(60, RUNS - 60), factor)]
            yield name, steps, [], stepped(steps), {}
    for _ in range(24):
        at = sorted(draw.sample(range(2, 13), 3))
        steps = [(30 * index + draw.randrange(-6, 7), draw.choice((0.8, 0.9, 1.1, 1.25))) for index in at]
        yield "multi", steps, [], stepped(steps), {}
    for _ in range(24):
        start, length, factor = draw.randrange(60, 300), draw.randrange(12, 30), draw.choice((1.1, 1.2, 1.3))
        steps = [(start, factor), (start + length, 1 / factor)]
        yield "transient", steps, [], stepped(steps), {}
    for _ in range(16):
        start, size = draw.randrange(80, 260), draw.choice((0.1, 0.2))
        ramp = [1 + size * min(1, max(0, (run - start) / 60)) for run in range(RUNS)]
        yield "drift", [], [[start, start + 60]], ramp, {}
    for name, shape in (("mix", {"mix": 0.25}), ("tail", {"tail": 0.12}), ("spread", {"wider": 2.0})):
        for _ in range(12):
            yield name, [(draw.randrange(100, 300), 1.0)], [], flat, shape


def residuals(file):
    """Run medians beside their running median, and samples beside their run's, of a real function."""
    with open(file) as lines:
        runs = [sorted(map(float, row["samples"].split())) for row in csv.DictReader(lines)]
    runs = [samples for samples in runs if len(samples) >= 5]
    medians = [statistics.median(samples) for samples in runs]
    level = [statistics.median(medians[max(0, i - REACH):i + REACH + 1]) for i in range(len(medians))]
    return [[sample / slow for sample in samples] for samples, slow in zip(runs, level)]


def real(histories, half, draw):
    """(scenario, steps, runs) of steps in real noise."""
    files = [f for f in sorted(histories.glob("*.csv")) if zlib.crc32(f.stem.encode()) % 2 == half]
    plan = ["real-null"] * 64 + ["real-step05"] * 40 + ["real-step10"] * 40 + ["real-step20"] * 40
    draw.shuffle(files)
    files = iter(files)
    for name in plan:
        noise = []
        while len(noise) < RUNS:
            noise = residuals(next(files))
        noise = noise[(offset := draw.randrange(len(noise) - RUNS + 1)):offset + RUNS]
        size = int(name[-2:]) / 100 if name != "real-null" else 0
        steps = [(draw.randrange(80, RUNS - 80), 1 + size)] if size else []
        yield name, steps, [[150 * level * s for s in run] for run, level in zip(noise, stepped(steps))]


def write(folder, name, runs, every=1.0):
    start = 1_700_000_000
    rows = (f"{i},{start + round(86400 * every * i)},{len(run)},{' '.join(f'{s:.2f}' for s in run)}\n" for i, run in enumerate(runs))
    (folder / f"{name}.csv").write_text("run,timestamp,n,samples\n" + "".join(rows))


def generated(folder, draw):
    series = []
    for number, (scenario, steps, windows, levels, shape) in enumerate(scenarios(draw)):
        noise, size = Noise(NOISES[number % 4], draw), draw.choice((PER_RUN, 20))
        spoilt = draw.choice(("none", "outliers", "season"))
        levels = {"none": list, "outliers": lambda l: outliers(l, draw), "season": lambda l: seasonal(l, draw)}[spoilt](levels)
        at = steps[0][0] if shape else RUNS
        runs = [noise.run(150 * level, size, **(shape if run >= at else {})) for run, level in enumerate(levels)]
        name = f"{scenario}-{number:04}"
        write(folder, name, runs)
        changes = [{"index": at, "rel": 0, "affects": ["mean", "p90"]}] if shape else cps(steps)
        series.append({"id": name, "scenario": scenario, "noise": noise.kind, "runs": RUNS, "cps": changes, "windows": windows})
    for number in range(48):
        noise, name = Noise(NOISES[number % 4], draw, memory=0.8), f"memory-{number:04}"
        write(folder, name, [noise.run(150, PER_RUN) for _ in range(RUNS)])
        series.append({"id": name, "scenario": "memory", "noise": noise.kind, "runs": RUNS, "cps": [], "windows": []})
    for number in range(32):
        share, factor, name = draw.uniform(0.1, 0.5), draw.choice((1.08, 1.2, 1.8)), f"modes-{number:04}"
        noise = Noise("lognormal", draw)
        write(folder, name, [noise.run(150 * (factor if draw.random() < share else 1), PER_RUN) for _ in range(RUNS)])
        series.append({"id": name, "scenario": "modes", "noise": "two modes of runs", "runs": RUNS, "cps": [], "windows": []})
    return series


def main():
    out, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder, draw = out / "series", random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    series = generated(folder, draw)
    if len(sys.argv) > 4:
        for number, (scenario, steps, runs) in enumerate(real(pathlib.Path(sys.argv[3]), int(sys.argv[4]), draw)):
            name = f"{scenario}-{number:04}"
            write(folder, name, runs)
            series.append({"id": name, "scenario": scenario, "noise": "real", "runs": RUNS, "cps": cps(steps), "windows": []})
    (out / "truth.json").write_text(json.dumps({"seed": seed, "margin": 5, "series": series}))


if __name__ == "__main__":
    main()
