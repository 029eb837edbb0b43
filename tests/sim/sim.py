#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Policies side by side in simulated regions: tests/sim/sim.py [--quick] [--tuning] [SCENARIO...]

Draws each scenario's worlds from the real curves under REFERRAL_DATA (world.py), plays them with
build/sim/play, prints a table, writes build/sim.json and a plot of each measure under build/sim/.
--quick takes one seed of ten; --tuning takes the seeds on which the matcher may be tuned, which are
others than those of the figures that are told."""
import concurrent.futures
import glob
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import world  # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
DATA = os.environ.get("REFERRAL_DATA", os.path.join(TOP, "..", "shared", "data"))
TUNING, FINAL = range(1, 6), range(101, 111)
POLICIES = {"nearest": "nearest first", "in_turn": "in turn", "least_loaded": "least loaded",
            "ours": "ours", "at_once": "two at once", "hindsight": "hindsight"}
# Key of the merged figures: heading, format, whether hindsight has it, about.
MEASURES = {
    "helped_share": ("helped", "{:.1%}", True, "families helped before they gave up"),
    "of_hindsight": ("of best", "{:.1%}", True, "of those that hindsight would have helped"),
    "days_median": ("days", "{:.2f}", False, "days to acceptance, median"),
    "days_p90": ("p90", "{:.1f}", False, "days to acceptance, 90th of a hundred"),
    "emergency_hours_p90": ("emergency", "{:.1f}", False, "hours to acceptance of an emergency, 90th of a hundred"),
    "offers_per_helped": ("offers", "{:.2f}", False, "offers for each acceptance"),
    "km_median": ("km", "{:.0f}", True, "way in km, median"),
    "unevenness": ("uneven", "{:.3f}", True, "Gini over agencies of families taken for each place"),
    "ill_spent": ("ill spent", "{:.1%}", True, "of the scarce places used: by families with a choice"),
    "helped_uk": ("uk", "{:.0%}", True, "helped, of those whose best language is Ukrainian"),
    "helped_ru": ("ru", "{:.0%}", True, "Russian"),
    "helped_ro": ("ro", "{:.0%}", True, "Romanian"),
    "helped_ar": ("ar", "{:.0%}", True, "Arabic"),
    "helped_difficulty": ("disability", "{:.0%}", True, "of those with a disability"),
}
PLOTTED = ("of_hindsight", "ill_spent", "days_p90", "offers_per_helped", "km_median", "unevenness",
           "helped_difficulty")
COLOURS = {"nearest": "#b0b7c3", "in_turn": "#8796ad", "least_loaded": "#5c7596", "ours": "#c8552b",
           "at_once": "#e0a33e",
           "hindsight": "#2f3b4a"}


def play(scenario, curves, seed):
    path = os.path.join(BUILD, "sim", f"{scenario.name}.{seed}.world")
    with open(path, "w", encoding="utf-8") as file:
        file.write(world.world_text(scenario, curves, seed))
    done = subprocess.run([os.path.join(BUILD, "sim", "play"), path], check=True, capture_output=True, text=True)
    os.remove(path)
    return [json.loads(line) for line in done.stdout.splitlines()]


def merge(rows, best):
    """Of several seeds: counts are added, all else is their mean."""
    out = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]
           if isinstance(rows[0][key], (int, float))}
    families, helped = (sum(row[key] for row in rows) for key in ("families", "helped"))
    out["seeds"] = [row["seed"] for row in rows]
    out["helped_share"] = helped / families
    out["of_hindsight"] = helped / best
    out["ill_spent"] = sum(row["scarce_ill_spent"] for row in rows) / max(1, sum(row["scarce"] for row in rows))
    return {key: value for key, value in out.items() if key != "seed"}


def run(scenarios, curves, seeds):
    """{scenario: {policy: figures}}"""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {s.name: [pool.submit(play, s, curves, seed) for seed in seeds] for s in scenarios}
        played = {name: [row for job in of for row in job.result()] for name, of in jobs.items()}
    table = {}
    for name, rows in played.items():
        by_policy = {p: [row for row in rows if row["policy"] == p] for p in POLICIES}
        best = sum(row["helped"] for row in by_policy["hindsight"])
        table[name] = {p: merge(of, best) for p, of in by_policy.items()}
    return table


def print_table(scenarios, table):
    for scenario in scenarios:
        figures = table[scenario.name]
        one = figures["ours"]
        print(f"\n{scenario.name}: {scenario.about}")
        print(f"  {one['families']:.0f} families and {one['places']:.0f} places a seed, {len(one['seeds'])} seeds")
        print("  " + " " * 14 + "".join(f"{heading:>11}" for heading, *_ in MEASURES.values()))
        for policy, name in POLICIES.items():
            cells = [form.format(figures[policy][key]) if has_best or policy != "hindsight" else "-"
                     for key, (_, form, has_best, _) in MEASURES.items()]
            print(f"  {name:14}" + "".join(f"{cell:>11}" for cell in cells))
    print("\n" + "\n".join(f"  {heading:10} {about}" for heading, _, _, about in MEASURES.values()))


def bar(left, top, width, height, colour, title):
    return (f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">'
            f"<title>{title}</title></rect>")


def text(left, top, words, anchor="middle"):
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{words}</text>'


def plot(table, key):
    """Bars of one measure, by scenario."""
    _, form, has_best, about = MEASURES[key]
    policies = [p for p in POLICIES if has_best or p != "hindsight"]
    most = max(figures[p][key] for figures in table.values() for p in policies) or 1
    group, base, height = 24 * len(policies) + 30, 260, 200
    parts = [text(20, 24, about, "start")]
    for i, policy in enumerate(policies):
        parts.append(bar(20 + 120 * i, 290, 10, 10, COLOURS[policy], policy))
        parts.append(text(36 + 120 * i, 299, POLICIES[policy], "start"))
    for i, (name, figures) in enumerate(table.items()):
        for k, policy in enumerate(policies):
            value, left = figures[policy][key], 20 + i * group + k * 24
            tall = height * value / most
            parts.append(bar(left, base - tall, 20, tall, COLOURS[policy], f"{name}, {POLICIES[policy]}"))
            parts.append(text(left + 10, base - tall - 4, form.format(value).rstrip("%")))
        parts.append(text(20 + i * group + 12 * len(policies), base + 16, name))
    width = max(20 + group * len(table), 20 + 120 * len(policies))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 310" font-family="sans-serif" '
            f'font-size="9"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n')


def write(table):
    with open(os.path.join(BUILD, "sim.json"), "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1)
        file.write("\n")
    for key in PLOTTED:
        with open(os.path.join(BUILD, "sim", key + ".svg"), "w", encoding="utf-8") as file:
            file.write(plot(table, key))


def main(words):
    curves = world.read_curves(DATA)
    if curves is None:
        print(f"sim: the curves are not under {DATA} (REFERRAL_DATA): " + ", ".join(world.CURVES.values()))
        return 1
    names = [word for word in words if not word.startswith("--")]
    scenarios = [world.Scenario(path) for path in sorted(glob.glob(os.path.join(HERE, "scenarios", "*.conf")))]
    scenarios = [scenario for scenario in scenarios if not names or scenario.name in names]
    seeds = TUNING if "--tuning" in words else FINAL
    os.makedirs(os.path.join(BUILD, "sim"), exist_ok=True)
    table = run(scenarios, curves, seeds[:1] if "--quick" in words else seeds)
    print_table(scenarios, table)
    write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
