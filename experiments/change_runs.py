"""Run six models into a changed century at all places of the study of notebook 37.

    python -m experiments.change_runs

Each place is written when it is done: a second call goes on where the first one stopped. What is
kept, and how it is read, stands in `soilnb.lessons.globe.under_change`.
"""

from __future__ import annotations

import json

import pandas as pd
from tqdm import tqdm

from soilnb import results
from soilnb.jobs import writing
from soilnb.lessons.globe import under_change


def main() -> None:
    """Run, and keep what the runs say."""
    study = under_change.study("paper")
    folder = results.root() / "paper" / "change"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for k in tqdm(range(study.chosen.sizes["profile"]), unit="profile"):
        file = folder / f"{k}.json"
        if not file.exists():
            with writing(file) as part:
                part.write_text(json.dumps(list(study.rows(k))), encoding="utf-8")
        rows += json.loads(file.read_text(encoding="utf-8"))
    under_change.write(pd.DataFrame(rows), made=study.note, data=study.kind)


if __name__ == "__main__":
    main()
