"""Tables too large for memory: text cut at the ends of lines, parquet between its row groups.

A :class:`Text` or a :class:`Group` says where a piece lies.  Its numbers become a chunk of Dask's,
read again whenever somebody asks for it.  Nothing is kept of a piece that has been used.
"""

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from glob import glob
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..chunks import called, computed
from ..gmm import GMM
from ..tables import Sheet, Table, as_text, read_text_table
from ..writing import whole_folder
from .columns import Data, parts, tell_dropped, values, with_rows
from .labelling import header_of

BYTES = 2**23  # of text in a piece
ENDINGS = ".csv", ".tsv", ".txt", ".parquet"


def read_in_pieces(args: Namespace, model: GMM | None) -> Data:
    """The table as chunks of Dask's, each of which is read when it is needed.

    Raises
    ------
    ValueError, OSError
        If a piece is not like the first one, or holds what is no number.
    ImportError
        If Dask is not installed.
    """
    try:
        import dask.array as da
        import dask.dataframe  # noqa: F401  by which columns have names
    except ImportError as error:
        remedy = 'pip install "numpy_ml_gmm[dask]"'
        raise ImportError(f"--engine dask needs Dask ({error}): {remedy}") from None
    files = files_of(args.data_path)
    pieces: list = (groups_of if files[0].suffix.lower() == ".parquet" else texts_of)(
        files, args.header
    )
    like = pieces[0].sheet()
    chosen, _, _, aside = parts(args, like, model)
    read = partial(part_of, args, like, chosen, aside["weights"], model is not None)
    seen = computed([called(partial(looked_at, read), piece) for piece in pieces])
    check_seen(seen)
    tell_dropped(args, sum(look.n_kept for look in seen), sum(look.n_rows for look in seen))
    there = [(p, look.n_kept) for p, look in zip(pieces, seen, strict=True) if look.n_rows]
    found = [(called(partial(read, None), piece), n) for piece, n in there]

    def column(name: str, *rest: int) -> Any:
        """One thing of all pieces, as Dask's array."""
        some = [da.from_delayed(called(attrgetter(name), a), (n, *rest), float) for a, n in found]
        return da.concatenate(some)

    names = like.names and [like.names[d] for d in chosen]
    table = Table(column("X", len(chosen)), names, [d + 1 for d in chosen])
    w = None if aside["weights"] is None else column("weights")
    decimal = "," if any(look.decimal == "," for look in seen) else "."
    again = [partial(read, decimal, piece) for piece, _ in there]
    return Data(like, chosen, table, np.ones(0, bool), w, None, again)


def files_of(name: str) -> list[Path]:
    """The files that a name means: one, those of a folder, or those of a pattern, by name."""
    path = Path(name)
    there = path.iterdir() if path.is_dir() else [path] if path.exists() else map(Path, glob(name))
    found = sorted(there)
    files = [file for file in found if file.suffix.lower() in ENDINGS]
    if not files:
        raise ValueError(
            f"data_path={name!r}: with --engine dask name a file that ends in "
            f"{', '.join(ENDINGS)}, a folder of such, or a pattern; unpack a .gz before, and leave "
            "the option away for a .npy, of which memory holds only what is used"
        )
    if len({file.suffix.lower() for file in files}) > 1:
        raise ValueError(f"data_path={name!r} holds files of several kinds: name those of one")
    return files


# ---- Pieces --------------------------------------------------------------------------------------


class Text(NamedTuple):
    """Whole lines of a text, from about a byte on."""

    path: Path
    begin: int
    header: bool | None
    like: Sheet | None = None  # with the names and the separator
    first: int = 1  # the number of the first line

    def content(self) -> bytes:
        """The bytes of the lines."""
        from fsspec.utils import read_block

        with open(self.path, "rb") as file:
            return read_block(file, self.begin, BYTES, b"\n")

    def counted(self) -> int:
        """The number of lines; a cell that is cut at the end of one is an error."""
        content = self.content()
        if content.count(b'"') % 2:
            raise ValueError(
                f"{self.path}: a quoted cell may go on after byte {self.begin + BYTES}, where the "
                "file is cut into pieces: write it without ends of lines in cells, or as .parquet"
            )
        return content.count(b"\n")

    def sheet(self) -> Sheet:
        """The lines as a table."""
        try:
            text, like = as_text(self.content(), self.first), self.like
            mark = like.separator if like else "\t" * (self.path.suffix.lower() == ".tsv") or None
            if self.begin == 0:
                return read_text_table(text, self.header, mark)
            like = like or Sheet(None)
            if not text.strip():
                return like
            head = (mark or " ").join("x" * like.width)  # of as many cells
            sheet = read_text_table(f"{head}\n{text}", True, mark, self.first - 1)
            return sheet._replace(names=like.names)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None


def texts_of(files: Sequence[Path], header: bool | None) -> list[Text]:
    """The pieces of some texts, whose columns are those of the first."""
    like = Text(files[0], 0, header).sheet()
    like, named = like._replace(lines=(), places=()), like.names is not None
    starts = [(f, b) for f in files for b in range(0, max(1, f.stat().st_size), BYTES)]
    pieces = [Text(file, begin, named, like) for file, begin in starts]
    found, first = [], 1
    for piece, n in zip(pieces, computed([called(Text.counted, p) for p in pieces]), strict=True):
        first = first if piece.begin else 1
        found.append(piece._replace(first=first))
        first += n
    return found


@dataclass(frozen=True)
class Group:
    """A row group of a parquet file, which is asked what a sheet is asked."""

    path: Path
    index: int
    n_rows: int
    first: int  # the number of its first row in the file
    names: list
    separator = None
    decimal = "."
    X = None

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.names)

    def sheet(self) -> "Group":
        """Itself: its columns are read as they are asked for."""
        return self

    def label(self, d: int) -> str:
        """A column by its name."""
        return self.names[d]

    def frame(self, names: list | None = None) -> Any:
        """Some columns, or all, as Arrow has them; an index of pandas' is one of them."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            found = file.read_row_group(self.index, names, use_threads=False)
        return found.select(names or self.names).replace_schema_metadata(None)

    def numbers(self, chosen: Sequence[int]) -> Table:
        """The numbers of some columns; what is wrong with any is told at once."""
        import pyarrow.types as kinds

        names = [self.names[d] for d in chosen]
        columns = self.frame(names).columns
        if not all(kinds.is_floating(c.type) or kinds.is_integer(c.type) for c in columns):
            return self.text().numbers(chosen)
        X = np.column_stack([column.to_numpy().astype(float) for column in columns])
        return Table(X, names, [d + 1 for d in chosen])

    def text(self) -> Sheet:
        """All cells, as they are written in a text."""
        text = self.frame().to_pandas(integer_object_nulls=True).to_csv(index=False)
        sheet = read_text_table(text, True, ",")
        return sheet._replace(places=range(self.first, self.first + self.n_rows), unit="row")

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row."""
        return self.text().rows()


def groups_of(files: Sequence[Path], header: bool | None) -> list[Group]:
    """The row groups of some parquet files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    for path in files:
        try:
            with pq.ParquetFile(path) as file:
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
                names = file.schema_arrow.names
        except pa.ArrowException as error:
            raise ValueError(f"{path}: {error}") from None
        firsts = np.append(1, 1 + np.cumsum(sizes)).tolist()
        found += [Group(path, i, n, firsts[i], names) for i, n in enumerate(sizes)]
    if not found:
        raise ValueError(f"{files[0]}: holds no rows")
    return found


# ---- What is in a piece --------------------------------------------------------------------------


class Look(NamedTuple):
    """What was seen of a piece: its size, or what is wrong."""

    n_rows: int
    n_kept: int
    decimal: str
    error: str | None = None


def part_of(
    args: Namespace,
    like: Any,
    chosen: list,
    weights: int | None,
    fitted: bool,
    decimal: str | None,
    piece: Any,
) -> Data:
    """A piece as a table of its own, with the columns of the first."""
    sheet = piece.sheet()
    if (sheet.names, sheet.width) != (like.names, like.width):
        columns = ", ".join(sheet.names or [f"{sheet.width} columns"])
        raise ValueError(f"the columns are {columns}, and not those of the first file")
    table, w = Table(np.empty((0, len(chosen)))), None
    if sheet.n_rows:
        table, w = values(sheet, chosen, weights, fitted)
    kept = np.ones(sheet.n_rows, bool)
    return with_rows(args, Data(sheet, chosen, table, kept, w, None, (), decimal))


def looked_at(read: Callable, piece: Any) -> Look:
    """What there is to know of a piece before it is used."""
    try:
        data = read(None, piece)
    except ValueError as error:
        return Look(0, 0, ".", f"{piece.path}: {str(error).removeprefix(f'{piece.path}: ')}")
    return Look(data.sheet.n_rows, len(data.X), data.sheet.decimal)


def check_seen(seen: Sequence[Look]) -> None:
    """What is wrong with the first piece that has a mistake, and how many others have some."""
    if wrong := [look.error for look in seen if look.error]:
        more = f"; and more is wrong in {len(wrong) - 1} other pieces" * (len(wrong) > 1)
        raise ValueError(wrong[0] + more)


def write_parquet(to: str, labelled: Iterable[tuple], new: dict[str, np.dtype]) -> None:
    """A folder with a file for each part: its columns, and new ones beside them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    outdated = [path.name for path in Path(to).glob("part-*.parquet")]
    with whole_folder(to, outdated) as folder:
        for n, (part, columns) in enumerate(labelled):
            sheet = part.sheet
            frame = sheet.frame() if isinstance(sheet, Group) else frame_of(sheet, part.chosen)
            header = header_of(frame.column_names, new) or []
            names = header[frame.num_columns :]
            for name, (label, dtype) in zip(names, new.items(), strict=True):
                column = np.zeros(sheet.n_rows, dtype)
                column[part.kept] = columns.get(label, 0)
                frame = frame.append_column(name, pa.array(column, mask=~part.kept))
            pq.write_table(frame, folder / f"part-{n:05}.parquet")


def frame_of(sheet: Sheet, features: list) -> Any:
    """The columns of a text as Arrow's: features are numbers, all else is text as it was."""
    import pyarrow as pa

    columns: list = [pa.array(cells) for cells in zip(*sheet.rows(), strict=True)]
    for d, numbers in zip(features, sheet.numbers(features).X.T, strict=True):
        columns[d] = pa.array(numbers, from_pandas=True)
    return pa.table(columns, sheet.names or [f"x{d + 1}" for d in range(sheet.width)])
