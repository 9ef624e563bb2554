"""Numba's `njit`, with a cache of compiled kernels that holds on any machine.

What numba does: ``cache=True`` keeps compiled functions beside their source or in the home
folder, with an index for each. What it leaves open, and this module settles:

- Neither place can be written (containers, hubs): kernels are kept in the temporary folder.
- A file is empty, cut off or garbled (a killed job, a full disk): it is compiled anew. Each
  kernel is one file that carries a seal over all that it rests on, so nothing is unpickled or
  executed that this version of numba did not write for this very kernel.
- Several processes start at once: without an index there is none that they overwrite for each
  other, and a file appears whole or not at all.
- A kernel calls into other files: its seal covers the sources of these, too.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import re
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numba
from numba.core import caching, config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

#: Length of a seal, bytes.
SEAL = hashlib.sha256().digest_size

#: The import statements of a file.
IMPORTS = re.compile(r"^(?:from|import) (?:[^(\n]*\([^)]*\)|.*)", re.MULTILINE)


def njit(
    function: Callable | None = None, *, cache: bool = False, pairs: bool = False, **options
) -> Callable:
    """Compile a kernel as `numba.njit` does, and keep it as this module says.

    Parameters
    ----------
    function : callable, optional
        The kernel; left out where options are given to the decorator.
    cache : bool
        Whether it is kept on disk.
    pairs : bool
        Whether what is done alike to neighbours in memory, such as two solutes, is done to both
        at once. Numba has no such option for one kernel; for all of them it is
        ``NUMBA_SLP_VECTORIZE``, off by default because compilers have erred there. So only a
        kernel that is worth it has it, and a test against an independent solution.
    **options
        Those of `numba.njit`.
    """
    if function is None:
        return functools.partial(njit, cache=cache, pairs=pairs, **options)
    kernel = numba.njit(no_cfunc_wrapper=True, **options)(function)
    if kernel is function:  # NUMBA_DISABLE_JIT gives the function back
        return kernel
    if pairs:
        kernel.compile = _in_pairs(kernel.compile)
    if cache:
        try:
            kernel._cache = KernelCache(function)
        except RuntimeError:  # no place at all
            _say("no folder can be written, so that each process compiles them again")
    return kernel


def _in_pairs(compile_kernel: Callable) -> Callable:
    """Let the compiler look for pairs while it compiles one kernel, and only then."""

    def compile_it(signature: tuple) -> object:
        with global_compiler_lock:
            before = config.SLP_VECTORIZE
            config.SLP_VECTORIZE = 1
            try:
                return compile_kernel(signature)
            finally:
                config.SLP_VECTORIZE = before

    return compile_it


@functools.cache
def _say(what: str) -> None:
    """Say once a process what becomes of the compiled kernels."""
    print(f"note: compiled kernels: {what}", file=sys.stderr)


class KernelCache(caching.FunctionCache):
    """What numba asks for a compiled kernel, and hands it to.

    Parameters
    ----------
    function : callable
        The kernel.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        locator = self._impl.locator
        name = Path(locator.get_cache_path(), self._impl.filename_base)
        self._cache_file = KernelFiles(name, locator.get_source_stamp())

    def save_overload(self, sig, data) -> None:
        """Keep what has been compiled for a signature; a disk that is full costs time only."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say(f"cannot be kept in {self.cache_path} ({error.strerror})")


class KernelFiles:
    """One file for each signature of a kernel: a seal, and what rebuilds the machine code.

    Parameters
    ----------
    name : Path
        Beginning of their names.
    stamp : bytes
        Digest of the sources.
    """

    def __init__(self, name: Path, stamp: bytes) -> None:
        self.name = name
        self.stamp = stamp

    def load(self, key: tuple) -> object | None:
        """Return what is kept for a signature on a kind of processor, or None."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        body = content[SEAL:]
        return pickle.loads(body) if content[:SEAL] == self._seal(key, body) else None

    def save(self, key: tuple, data: object) -> None:
        """Write under another name and rename: a reader sees all of it or nothing."""
        body = dumps(data)
        part = self.name.with_name(f".{uuid4().hex}.part")
        try:
            part.write_bytes(self._seal(key, body) + body)
            part.replace(self._path(key))
        finally:
            part.unlink(missing_ok=True)

    def flush(self) -> None:
        """Forget the kernel (numba asks for it before it recompiles one)."""
        for path in self.name.parent.glob(f"{self.name.name}.*.nbc"):
            path.unlink(missing_ok=True)

    def _path(self, key: tuple) -> Path:
        mark = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return self.name.with_name(f"{self.name.name}.{mark}.nbc")

    def _seal(self, key: tuple, body: bytes) -> bytes:
        head = repr((numba.__version__, self.stamp, key)).encode()
        return hashlib.sha256(head + body).digest()


class _Place:
    """What all places have in common: the stamp covers every source that a kernel calls into."""

    def get_source_stamp(self) -> bytes:
        return digest(Path(self._py_file))


class InNamed(_Place, caching.UserProvidedCacheLocator):
    """The folder that ``NUMBA_CACHE_DIR`` names."""


class InTree(_Place, caching.InTreeCacheLocator):
    """Beside the source, in ``__pycache__``."""


class InHome(_Place, caching.UserWideCacheLocator):
    """The cache folder of the user."""

    def ensure_cache_path(self) -> None:
        """Refuse the folder ``~`` in the working directory, numba's answer to no home."""
        if not os.path.isabs(self.get_cache_path()):
            raise FileNotFoundError(self.get_cache_path())
        super().ensure_cache_path()


class InTemporary(_Place, caching.InTreeCacheLocator):
    """The temporary folder, in a folder of this user alone."""

    def __init__(self, function: Callable, file: str) -> None:
        super().__init__(function, file)
        user = getattr(os, "getuid", lambda: "kernels")()  # Windows gives each user a folder
        self._own = Path(tempfile.gettempdir(), f"soilnb-{user}")
        self._cache_path = str(self._own / self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Callable, file: str) -> InTemporary | None:
        """Return the place, unless it cannot be written."""
        try:
            place = super().from_function(function, file)
        except OSError:  # there is no temporary folder
            return None
        if place is not None:
            _say(f"kept in {place._own}, as neither the package's folder nor the home is writable")
        return place

    def ensure_cache_path(self) -> None:
        """Make the folder. What lies there is executed, so nobody else may write into it."""
        self._own.mkdir(mode=0o700, exist_ok=True)
        found = self._own.lstat()
        if hasattr(os, "getuid") and (
            not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022
        ):
            raise PermissionError(f"{self._own} is not a folder of this user alone")
        super().ensure_cache_path()


class _Kernel(caching.CompileResultCacheImpl):
    _locator_classes = (InNamed, InTree, InHome, InTemporary)


KernelCache._impl_class = _Kernel


@functools.cache
def digest(file: Path) -> bytes:
    """Hash the source of a kernel and all that it calls into."""
    known = hashlib.sha256()
    for path in sorted(sources(file)):
        known.update(path.name.encode() + b"\0" + path.read_bytes())
    return known.digest()


def sources(file: Path) -> set[Path]:
    """Return a file of kernels and the files beside it that it imports, directly or not.

    A word of an import statement that is the name of a file beside it counts.
    """
    found, waiting = set(), {file}
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= _imported(path) - found
    return found


@functools.cache
def _imported(file: Path) -> set[Path]:
    statements = " ".join(IMPORTS.findall(file.read_text(encoding="utf-8")))
    beside = (file.with_name(f"{word}.py") for word in set(re.findall(r"\w+", statements)))
    return {path for path in beside if path.is_file()}
