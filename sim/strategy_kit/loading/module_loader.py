"""Importing a user's file and the modules of its folder: always again, from their current text.

Python remembers a module by its name, and its bytecode by a time and a size; an edit can pass both unseen.
"""

from __future__ import annotations

import importlib.util
import linecache
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

OURS = frozenset({"sim", "analysis", "spreadgame"})
TAKEN = OURS | sys.stdlib_module_names | {"__main__"}  # a module beside the file cannot have these names

Contents = dict[Path, str]  # files that were read, and a digest of what stood in them


def digest(data: bytes) -> str:
    """A short name for a content."""
    return blake2b(data, digest_size=16).hexdigest()


class Reader(SourceFileLoader):
    """Reads a module from its source, never from bytecode, which is as silent about some edits as Numba's cache."""

    def __init__(self, name: str, path: str, contents: Contents) -> None:
        super().__init__(name, path)
        self._contents = contents

    def get_code(self, fullname: str) -> CodeType:
        """What stands in the file now; it is noted."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        self._contents[Path(path)] = digest(data)
        code = self.source_to_code(data, path)
        # Messages quote the lines that run, not those that stand in the file later on.
        linecache.cache[path] = (len(data), None, importlib.util.decode_source(data).splitlines(keepends=True), path)
        return code


class _Folder(MetaPathFinder):
    """Finds modules in the user's folder, as Python does for a script; ours and Python's own keep their names."""

    def __init__(self, folder: Path, contents: Contents) -> None:
        self._folder = str(folder)
        self._reader = lambda name, path: Reader(name, path, contents)
        self._finders: dict[str, FileFinder] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module of that name in the folder, or None where others may look for it."""
        if path is not None:
            inside = [place for place in path if Path(place).is_relative_to(self._folder)]
            return next((spec for place in inside if (spec := self._look(place, name))), None)
        spec = self._look(self._folder, name) if name not in TAKEN else None
        if spec is not None and spec.loader is None:  # a folder without __init__.py gives way to a module of that name
            other = PathFinder.find_spec(name)
            return None if other is not None and other.origin is not None else spec
        return spec

    def _look(self, folder: str, name: str) -> ModuleSpec | None:
        if folder not in self._finders:
            self._finders[folder] = FileFinder(folder, (self._reader, SOURCE_SUFFIXES))  # type: ignore[arg-type]
        return self._finders[folder].find_spec(name)

    def members(self) -> dict[str, ModuleType]:
        """The modules in memory whose names lead into the folder."""
        tops = {name.partition(".")[0] for name in sys.modules}
        claimed = {name for name in tops if self.find_spec(name) is not None}
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in claimed}


@contextmanager
def folder_first(folder: Path, contents: Contents) -> Iterator[None]:
    """Inside, modules beside the file are imported anew; what had their names comes back afterwards."""
    finder = _Folder(folder, contents)
    aside = finder.members()
    for name in aside:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.members():
            del sys.modules[name]
        sys.modules.update(aside)
