"""Assimilate profiles with carbon alone and with radiocarbon: the study of notebook 38.

    python -m experiments.witness_runs                     # everything: 200 and all profiles
    python -m experiments.witness_runs --known 40 --measured 100

Each finished profile is kept: a second call goes on where the first one stopped. What is kept of
the results, and how it is read, stands in `soilnb.lessons.globe.second_witness`.
"""

from __future__ import annotations

import argparse

import pandas as pd

from soilnb.lessons.globe import second_witness as lesson


def main() -> None:
    """Run, and keep what the runs say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", type=int, default=lesson.KNOWN["paper"])
    parser.add_argument("--measured", type=int, default=lesson.MEASURED["paper"])
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    lesson.KNOWN["paper"], lesson.MEASURED["paper"] = asked.known, asked.measured
    study, found = lesson.study("paper"), []
    for of, kind in ((study.known, "known"), (study.measured, "measured")):
        for model in lesson.MODELS:
            for witness in lesson.WITNESSES:
                place = lesson.folder() / f"{kind} {model} {witness}"
                found.append(of(model, witness, folder=place, jobs=asked.jobs))
    rows, stays = pd.concat(found), {}
    for model in lesson.MODELS:
        for told, (witness, _) in lesson.TOLD.items():
            place = lesson.folder() / f"measured {model} {witness}"
            run = study.assimilated(model, witness, folder=place, jobs=asked.jobs, progress=False)
            stays[model, told] = study.stays(run, model, told)
    profiles = study.profiles.sizes["profile"]
    source = "ISRaD" if study.kind == "real" else "made-up profiles"
    made = f"{source}, {profiles} profiles, and {asked.known} of known truth"
    times = lesson.persistence(stays, study.pits)
    lesson.write(rows, times, made=made, data=study.kind)


if __name__ == "__main__":
    main()
