"""Tables as people have them: text in any separator and encoding, workbooks, compressed files.

`read` returns the cells as text, as they stand in the file, with the number of their line as
index: what is a name and what is a number is for `soilnb.data.profiles.columns` to say.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from soilnb.parameters import InputError, shown, unknown

#: Largest table that is read, bytes after unpacking.
LARGEST = 2**30

_SEPARATORS = ",;\t|"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_UNPACK = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\x00\x00": "utf-32", b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}  # fmt: skip

#: What else comes under the name of a table, by how it begins.
_OTHERS = {
    "<": "HTML or XML, as some programs save with the ending .xls", "{": "JSON", "[{": "JSON",
    "{\\rtf": "a text document", "%PDF": "a PDF",
}  # fmt: skip


def read(
    path: str | Path, sheet: str | None = None, *, whole: bool = True, encoding: str | None = None
) -> pd.DataFrame:
    """Read a table as text.

    Parameters
    ----------
    path : path
        Text with a header and commas, semicolons, tabs, bars or blanks between the cells, in UTF-8,
        UTF-16 or a code page of Windows, with ``#`` comments; an Excel workbook (``.xlsx``); or
        either of them compressed (gzip, bzip2, xz, zip).
    sheet : str, optional
        Sheet of a workbook; needed where several hold a table.
    whole : bool
        Whether every row must fit the header; else longer rows are cut, and a preamble may be one.
    encoding : str, optional
        Of a text that is neither Unicode nor in the code page of western Windows (cp1252).

    Returns
    -------
    DataFrame
        Texts, ``""`` for an empty cell; rows without any are left out. The index is the line of
        the file. ``attrs`` say the encoding or sheet, and whether commas are decimal: ``","``,
        ``"."``, or ``", in cells"`` for the texts of a workbook, which also has numbers.

    Raises
    ------
    InputError
        For an address, a file that cannot be read or is no table, and a row that is longer than
        the header, with its line.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"path = {shown(path)}: allowed the path of a file")
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", str(path)):
        raise InputError(f"{path} is an address: download the file first, then give its path")
    content, name = _unpacked(_bytes(Path(path)), str(path)), str(path)
    if content[:4] == _OLD_EXCEL:
        raise InputError(f"{name} is an old Excel workbook: save it as .xlsx or CSV")
    if content[:2] == b"PK":
        rows, attrs = _workbook(content, name, sheet)
    else:
        if sheet is not None:
            raise InputError(f"sheet = {shown(sheet)}: {name} is a text, which has no sheets")
        text, encoding = _decoded(content, name, encoding)
        for begin, what in _OTHERS.items():
            if text.lstrip("\ufeff \t\n").startswith(begin):
                raise InputError(f"{name} is {what}: save it as .xlsx or CSV")
        rows, separator = _cells(text.lstrip("\ufeff"), name)
        attrs = {"encoding": encoding, "decimal": "." if separator == "," else ","}
    found = _framed(rows, name, whole).rename_axis("line")
    found.attrs |= attrs
    return found


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} is larger than {LARGEST >> 20} MiB: allowed a smaller table")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a path with a null is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from None


def _unpacked(content: bytes, name: str) -> bytes:
    """Content of a compressed file; a workbook, which is a zip too, stays as it is."""
    try:
        for magic, opened in _UNPACK.items():
            if content.startswith(magic):
                with opened(io.BytesIO(content)) as stream:
                    return _limited(stream, name)
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                files = [info for info in archive.infolist() if not info.is_dir()]
                if any(info.filename == "[Content_Types].xml" for info in files):
                    return content
                if any(info.filename == "mimetype" for info in files):
                    raise InputError(f"{name} is an OpenDocument file: save it as .xlsx or CSV")
                if len(files) != 1:
                    raise InputError(f"{name} holds {len(files)} files: allowed one table")
                with archive.open(files[0]) as stream:
                    return _limited(stream, name)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError,
            zipfile.BadZipFile, NotImplementedError) as error:  # fmt: skip
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} cannot be unpacked: {error or type(error).__name__}") from None
    return content


def _limited(stream: io.BufferedIOBase, name: str) -> bytes:
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(f"{name} is larger than {LARGEST >> 20} MiB when unpacked")
    return content


def _decoded(content: bytes, name: str, given: str | None) -> tuple[str, str]:
    """Text and the name of its encoding."""
    if given is not None:
        try:
            return content.decode(given).replace("\r\n", "\n").replace("\r", "\n"), given
        except (LookupError, TypeError):
            raise InputError(
                f"unknown encoding {shown(given)}: allowed utf-8, cp1250, ..."
            ) from None
        except UnicodeDecodeError as error:
            raise InputError(f"{name} is no text in {given} (byte {error.start})") from None
    encoding = next((code for bom, code in _BOMS.items() if content.startswith(bom)), "")
    if not encoding and b"\x00" in content[:200]:
        even, odd = content[0:200:2].count(0), content[1:200:2].count(0)
        few = len(content[:200]) / 10  # a stray null makes no UTF-16
        encoding = "utf-16-le" if odd > max(4 * even, few) else ""
        encoding = "utf-16-be" if even > max(4 * odd, few) else encoding
        if not encoding:
            raise InputError(f"{name} is no text: allowed a table as CSV or .xlsx")
    for code in [encoding] if encoding else ["utf-8", "cp1252", "latin-1"]:
        try:
            text = content.decode(code)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise InputError(f"{name} is no CSV table: it holds null characters")
        return text.replace("\r\n", "\n").replace("\r", "\n"), code.removesuffix("-sig")
    raise InputError(f"{name} is no text in {encoding}: save it as UTF-8")


def _cells(text: str, name: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Rows of cells with their lines, without comments, and the separator."""
    lines = text.split("\n")
    said = re.fullmatch(r'"?[sS][eE][pP]=(.)"?', lines[0].strip("\ufeff "))
    first = 1 if lines[0].lower().startswith(("sep=", '"sep=')) else 0
    # a comment becomes an empty line, so that the numbers of the lines stay
    kept = ["" if line.lstrip().startswith("#") or i < first else line
            for i, line in enumerate(lines)]  # fmt: skip
    separator = said[1] if said else _separator(kept)
    text = io.StringIO("\n".join(kept))
    if separator == " ":
        return [(i, line.split()) for i, line in enumerate(kept, start=1)], " "
    rows, start = [], 1
    try:
        reader = csv.reader(text, delimiter=separator, skipinitialspace=True)
        for cells in reader:
            rows.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name} is no CSV table: line {start}: {error}") from None
    return rows, separator


def _separator(lines: list[str]) -> str:
    """Return the character that parts the most lines into one number of cells."""
    filled = [line for line in lines if line.strip()][:200]

    def steady(separator: str) -> tuple[int, int]:
        """Return how many lines have the most common number of cells, and that number."""
        counts = Counter(line.count(separator) for line in filled)
        counts.pop(0, None)
        number, rows = max(counts.items(), key=lambda item: item[1], default=(0, 0))
        return (rows, number) if 2 * rows >= len(filled) or counts[number] > 1 else (0, 0)

    best = max(_SEPARATORS, key=steady)
    spaced = filled and steady(best)[0] == 0 and len(filled[0].split()) > 1
    return " " if spaced else best


def _framed(rows: list[tuple[int, list[str]]], name: str, whole: bool) -> pd.DataFrame:
    """Return the rows below the header as a table."""
    filled = [(line, cells) for line, cells in rows if any(cells)]
    if not filled:
        raise InputError(f"{name} is no CSV table: it is empty")
    # a title above the table has one cell
    start = next((i for i, (_, cells) in enumerate(filled) if sum(map(bool, cells)) > 1), 0)
    header = filled[start][1]
    while header and not header[-1]:
        header = header[:-1]
    _refuse_two_headers(filled[start:], name)
    if not whole:
        header = header + [""] * (max(len(cells) for _, cells in filled[start:]) - len(header))
    width, body = len(header), []
    widest = max((len(cells) for _, cells in filled[start + 1 :]), default=width)
    if whole and 1 < widest < width:
        raise InputError(
            f"no row of {name} has as many cells as the header ({width}): a separator inside a "
            "heading needs quotes"
        )
    for line, cells in filled[start + 1 :]:
        if any(cells[width:]):
            raise InputError(
                f"line {line} of {name} has {len(cells)} cells, the header {width}: a separator "
                "inside a cell needs quotes, a decimal comma another separator, and a number of "
                "the row a heading"
            )
        body.append(cells[:width] + [""] * (width - len(cells)))
    return pd.DataFrame(
        body, columns=header, index=[line for line, _ in filled[start + 1 :]], dtype=object
    )


def _refuse_two_headers(rows: list[tuple[int, list[str]]], name: str) -> None:
    """Refuse groups of columns above the header: words over words, with gaps that these fill."""
    if len(rows) < 3:
        return
    (line, above), (below, words) = rows[:2]
    above = above + [""] * (len(words) - len(above))
    gaps = any(word and not over for over, word in zip(above, words, strict=False))
    told = [word for word in words if word]
    if gaps and len(told) > 1 and not any(re.search(r"\d", word) for word in told):
        raise InputError(
            f"lines {line} and {below} of {name} are both headings ({told[0]!r}, ...): allowed one "
            "row of headings, with what they mean in full"
        )


def _workbook(content: bytes, name: str, sheet: str | None) -> tuple[list, dict]:
    """Rows of a sheet of an Excel workbook as text."""
    import openpyxl  # takes a while to import, and few need it

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        filled = {}
        for page in book.worksheets:
            rows = [(i, [_cell(value) for value in row])
                    for i, row in enumerate(page.iter_rows(values_only=True), start=1)]  # fmt: skip
            if any(sum(map(bool, cells)) > 1 for _, cells in rows):
                filled[page.title] = rows
        formula = _without_value(content, filled)
    except Exception as error:  # whatever a damaged archive makes of openpyxl and its XML
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{name} is no Excel workbook that can be read: {reason}") from None
    if not filled:
        raise InputError(f"the workbook {name} holds no table: allowed a header and rows below it")
    if sheet is None and len(filled) != 1:
        found = ", ".join(map(repr, filled))
        raise InputError(f"the workbook {name} has tables on {len(filled)} sheets ({found}): "
                         "say which with sheet=")  # fmt: skip
    if sheet is not None and sheet not in filled:
        raise unknown(f"sheet of {name}", sheet, filled)
    chosen = sheet or next(iter(filled))
    if chosen in formula:
        raise InputError(
            f"cell {formula[chosen]} of {name} is a formula without a value: open and save the "
            "workbook in a spreadsheet program, which computes it"
        )
    return filled[chosen], {"sheet": chosen, "decimal": ", in cells"}


def _without_value(content: bytes, filled: Mapping[str, list]) -> dict[str, str]:
    """Find the first formula of each sheet that no program has computed yet."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(b"<f" in archive.read(name) for name in sheets):
            return {}
    book, found = openpyxl.load_workbook(io.BytesIO(content), read_only=True), {}
    for title, rows in filled.items():
        cells = (cell for row in book[title].iter_rows() for cell in row)
        values = (value for _, row in rows for value in row)
        for cell, value in zip(cells, values, strict=False):
            if getattr(cell, "data_type", "") == "f" and not value:
                found.setdefault(title, cell.coordinate)
    return found


def _cell(value: object) -> str:
    """Text of a cell of a workbook; whole numbers without a point, as Excel shows them."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
