"""Runs that are kept on disk, one netCDF file each, so that each is made once.

A file is found by everything that decides the numbers of a run (`Run.identity`), and used when it
was made by the same sources. It serves all who ask for as many days or fewer, and for some of its
snapshots; so what is asked for later only adds to it.
"""

import hashlib
import json
import re
import sys

import netCDF4
import numpy as np
import xarray as xr

from soilnb.jobs import Store, reason
from soilnb.pore.scenarios import SCENARIOS
from soilnb.pore.simulate import Run, code_hash


class RunFile:
    """The file of a run in the folder of a `Store`.

    `path` is ``PRESET-SCENARIO-SEED.nc`` for a scenario of the paper as it is; for all other runs
    with a hash of what decides their numbers. `wanted` are the days and snapshots with which the
    run must be made if `read` finds none: what is asked for and what is in the file already.
    """

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self.days, self.snapshots = run.days, run.snapshots
        self.wanted = {"days": run.days, "snapshots": run.snapshots}
        self._identity = _plain(run.identity())
        self._about = {
            "preset": run.parameters.name.rstrip("*"),
            "description": run.scenario.description,
            "notes": "; ".join(run.notes),
        }
        self.path = store.folder / f"{self._name()}.nc"

    def _name(self) -> str:
        preset, scenario = self._about["preset"], self._identity["scenario"]
        seed, words = self._identity["seed"], re.sub(r"\W+", "_", scenario)[:60]
        name = f"{preset}-{words}-{seed}"
        if scenario in SCENARIOS:
            standard = Run(scenario, seed=seed, preset=preset)
            if self._identity == _plain(standard.identity()):
                return name
        text = json.dumps(self._identity, sort_keys=True)
        return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def read(self) -> xr.Dataset | None:
        """Return the run as `simulate` gives it, or None when it has to be made.

        A file that cannot be used is named, with the reason, in one line on stderr.
        """
        if not self.path.is_file():
            return None
        try:
            content = self.path.read_bytes()  # netCDF's library can crash on a spoilt file
            if sealed(content[: -len(_SEAL) - 32]) != content:
                raise ValueError("cut or spoilt")
            with xr.open_dataset(self.path, engine="netcdf4") as data:
                fault = self._unfit(data)
                if not fault:
                    return self.cut(data).load() if self._covers(data) else None
        except Exception as error:  # whichever library notices that it is cut, spoilt or no run
            fault = f"cannot be read ({reason(error)})"
        print(f"note: kept run {self.path} {fault}: it is made again", file=sys.stderr)
        return None

    def _unfit(self, data: xr.Dataset) -> str:
        """Return why a file cannot be used; nothing when it can."""
        about = data.attrs
        if about["code"] != code_hash():
            return "was made by other sources"
        found = json.loads(about["parameters"]) | {
            "scenario": about["scenario"],
            "pulses": json.loads(about["pulses"]),
            "movement": bool(about["movement"]),
            "shape": [about["ny"], about["nx"]],
            "seed": about["seed"],
            "initial_steps": about["initial_steps"],
            "initial": self._identity["initial"],  # its hash is in the name of the file
        }
        if found != self._identity or about["preset"] != self._about["preset"]:
            return "is another run"
        return ""

    def _covers(self, data: xr.Dataset) -> bool:
        """Whether all days and snapshots are there; what is there is wanted from now on."""
        last = int(data["time"][-1])
        kept = {int(day) for day in data["snapshot"].values} if "snapshot" in data.dims else set()
        self.wanted = {
            "days": max(last, self.days),
            "snapshots": tuple(sorted(kept.union(self.snapshots))),
        }
        return last >= self.days and kept.issuperset(self.snapshots)

    def cut(self, data: xr.Dataset) -> xr.Dataset:
        """Return a run with the days and snapshots that are asked for."""
        data = data.isel(time=slice(0, self.days + 1))
        if self.snapshots:
            data = data.sel(snapshot=list(self.snapshots))
        else:
            data = data.drop_dims(("snapshot", "y", "x"), errors="ignore")
        plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in data.attrs.items()}
        return data.drop_encoding().assign_attrs(plain | self._about)

    def write(self, data: xr.Dataset) -> None:
        """Keep a run, with a checksum, so that a spoilt file is noticed."""
        self._store.save(self.path.name, lambda part: part.write_bytes(sealed(_packed(data))))


#: Stands before the checksum at the end of a file, where netCDF does not look.
_SEAL = b"sha-256\0"


def sealed(content: bytes) -> bytes:
    """Return the bytes of a file with their checksum behind them."""
    return content + _SEAL + hashlib.sha256(content).digest()


def _packed(data: xr.Dataset) -> bytes:
    """Return a netCDF file: its library holds a disk that is full until the process ends."""
    packed = {"zlib": True, "complevel": 4}
    file = netCDF4.Dataset("run.nc", "w", memory=1)
    data.dump_to_store(
        xr.backends.NetCDF4DataStore(file), encoding=dict.fromkeys(data.variables, packed)
    )
    return bytes(file.close())


def _plain(identity: dict) -> dict:
    """Return an identity as JSON gives it back."""
    return json.loads(json.dumps(identity))
