"""How often the charts of drift alarm, and how soon: `python -m tests.benchmarks.drift`.

`docs/statistics.md` cites the table. Points are weeks, or four weeks at a small site.
"""

import argparse
import math
import sys

from app.domain.control_chart import ALARMS, Standing
from tests.simulated_weeks import alarms_of, laboratories

RULES = {
    "point by itself": frozenset({Standing.HIGH, Standing.LOW}),
    "either rule": ALARMS,
}
SHIFTS = {
    "no change": 0.0,
    "odds doubled": math.log(2),
    "odds tripled": math.log(3),
    "odds halved": -math.log(2),
}
WITHIN = (4, 8, 26)


def main() -> int:
    """Print a line for each change, number of cases and rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--laboratories", type=int, default=1000)
    count = parser.parse_args().laboratories
    heads = "".join(f"{f'within {number}':>12}" for number in WITHIN)
    print(f"{'change':14}{'cases':>6} {'rule':18}{'points':>9}{heads}   % of points, laboratories")
    for change, shift in SHIFTS.items():
        for cases in (10, 30):
            standings = laboratories(count, cases, shift, max(WITHIN))
            for rule, wanted in RULES.items():
                found = [alarms_of([item[:n] for item in standings], wanted)[1] for n in WITHIN]
                points = alarms_of(standings, wanted)[0]
                told = "".join(f"{100 * share:12.0f}" for share in found)
                print(f"{change:14}{cases:6} {rule:18}{100 * points:9.1f}{told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
