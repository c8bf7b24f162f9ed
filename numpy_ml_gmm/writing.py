"""Files and folders written whole or not at all.

What is written is complete before anybody sees it.  Until then it lies in a *scratch* folder
beside its place, and then takes that place in one step.  What was there keeps its identity:

============================ ==================================================================
what is there                what happens
============================ ==================================================================
nothing, or a plain file     replaced in one step; the new file has the old one's mode
a symbolic link              stays; what it points to is written
a hard link, another's file  the same file afterwards, with new content; after an error with the
                             old content again, but a kill may find it half written
a pipe or a device           gets the content, once it is complete
a folder of plain files      exchanged in one step where the system can (Linux), else in two
any other folder             its files are replaced one by one; after an error they are the old
                             ones again, but a kill may leave some old and some new
============================ ==================================================================

A process that is killed leaves its scratch folder behind.  The next write beside it removes it.
"""

import os
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing tells a scratch folder in use from one left behind
    fcntl = None  # type: ignore[assignment]

PREFIX = ".numpy_ml_gmm-"
AT_WORKING_FOLDER, EXCHANGE = -100, 2  # of Linux's renameat2


def as_path(path, name="path"):
    """A path from text, bytes or a path; a number would be somebody's open file."""
    try:
        return Path(os.fsdecode(path))
    except TypeError:
        raise TypeError(f"{name}={path!r} must be the name of a file, or a path") from None


@contextmanager
def whole_file(path):
    """A temporary path whose content becomes that of ``path`` if the body succeeds."""
    path = as_path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it")
    plain = path.is_file() or not path.exists()
    if plain:
        path = Path(os.path.realpath(path))  # a link stays one: what it points to is written
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} may not be written to: name another file")
    beside = plain and os.access(path.parent, os.W_OK | os.X_OK)
    with scratch(path.parent if beside else tempfile.gettempdir()) as aside:
        new = Path(aside, "new", path.name)
        new.parent.mkdir()
        yield new
        put(new, path, aside)


@contextmanager
def whole_folder(path, outdated=()):
    """A folder to write in, whose files become those of ``path`` if the body succeeds.

    Parameters
    ----------
    path : str or path-like
        If it is there already, its other files stay.
    outdated : iterable of str
        Names of files in it that the new ones would contradict.  Those that are not written
        anew are dropped.
    """
    path = Path(os.path.realpath(as_path(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch(path.parent) as aside:
        new = Path(aside, "new")
        new.mkdir()
        yield new
        if not path.exists():
            with suppress(OSError):  # somebody else has just made it
                new.rename(path)
                return
        if is_exchangeable(path, new):
            exchange(new, path, set(outdated), aside)
        else:
            move_in(new, path, set(outdated), aside)


# ---- The scratch folder ------------------------------------------------------------------------


@contextmanager
def scratch(parent):
    """A folder of our own in ``parent``, gone after the body; those of killed processes go too."""
    sweep(Path(parent))
    folder = handle = None
    try:
        while folder is None:
            folder = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
            handle = lock(folder, wait=True)
            if not os.path.isdir(folder):  # taken for one left behind before it was locked
                folder, _ = None, unlock(handle)
        yield folder
    finally:
        try:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            unlock(handle)


def sweep(parent):
    """Remove scratch folders that no process holds; a folder that waits in one goes back."""
    for left in parent.glob(f"{PREFIX}*"):
        handle = lock(left)
        if handle is None:
            continue
        try:
            for old in Path(left, "old").glob("*"):
                if not Path(parent, old.name).exists():
                    old.rename(parent / old.name)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            unlock(handle)


def lock(folder, wait=False):
    """Lock a folder until the process ends or unlocks it; None if that cannot be."""
    if fcntl is None:
        return None
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:  # gone, or no folder of ours
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # held by another, or on a file system without locks
        os.close(handle)
        return None
    return handle


def unlock(handle):
    """Give a lock back, if there was one."""
    if handle is not None:
        os.close(handle)


# ---- Files -------------------------------------------------------------------------------------


def put(new, path, aside):
    """Make the content of the file ``new`` that of ``path``, in one step if it can be replaced."""
    there = path.exists()
    if not there or is_replaceable(path.stat(), new.stat()):
        if there:
            shutil.copymode(path, new)
        with suppress(OSError):  # a mount, or another file system
            os.replace(new, path)
            return
    old = Path(aside, "before")
    if path.is_file():
        shutil.copyfile(path, old)
    try:
        pour(new, path)
    except BaseException:
        if old.exists():
            pour(old, path)
        elif not there:
            path.unlink(missing_ok=True)
        raise


def pour(source, target):
    """Copy content into a file that stays the same file."""
    with open(source, "rb") as read, open(target, "wb") as write:
        shutil.copyfileobj(read, write)


def is_replaceable(old, new):
    """Whether nobody can tell a replaced file from a rewritten one: its name is its only one."""
    return (
        stat.S_ISREG(old.st_mode)
        and old.st_nlink == 1
        and (old.st_uid, old.st_gid) == (new.st_uid, new.st_gid)
    )


# ---- Folders -----------------------------------------------------------------------------------


def is_exchangeable(path, new):
    """Whether a folder can change places with another: plain files in it, and we not."""
    there, ours = path.stat(), new.stat()
    return (
        (there.st_uid, there.st_gid) == (ours.st_uid, ours.st_gid)
        and not os.path.ismount(path)
        and not os.path.samestat(there, os.stat("."))
        and all(is_replaceable(file.lstat(), ours) for file in path.iterdir())
    )


def exchange(new, path, outdated, aside):
    """Let the folder ``new`` take the place of ``path``, with what is to stay in both."""
    old, fresh = set(os.listdir(path)), set(os.listdir(new))
    shutil.copymode(path, new)
    for name in old & fresh:
        shutil.copymode(path / name, new / name)
    for name in old - fresh - outdated:
        try:
            os.link(path / name, new / name)
        except OSError:  # a file system without links
            shutil.copy2(path / name, new / name)
    if not exchanged_in_one_step(new, path):
        waiting = Path(aside, "old", path.name)
        waiting.parent.mkdir()
        try:
            path.rename(waiting)
            new.rename(path)
        except BaseException:
            if waiting.exists() and not path.exists():
                waiting.rename(path)
            raise
        waiting.rename(new)
    for name in set(os.listdir(new)) - old - fresh - outdated:  # somebody else's, just made
        os.rename(new / name, path / name)


def exchanged_in_one_step(a, b):
    """Exchange the names of two folders, where the system can."""
    if sys.platform != "linux":
        return False
    try:
        import ctypes

        rename = ctypes.CDLL(None).renameat2
    except (ImportError, AttributeError, OSError):
        return False
    ends = AT_WORKING_FOLDER, os.fsencode(a), AT_WORKING_FOLDER, os.fsencode(b)
    return rename(*ends, EXCHANGE) == 0


def move_in(new, path, outdated, aside):
    """Move files into a folder one by one; after an error the old ones are back."""
    before = Path(aside, "files")
    before.mkdir()
    places = {name: Path(os.path.realpath(path / name)) for name in os.listdir(new)}
    dropped = [name for name in outdated.difference(places) if os.path.lexists(path / name)]
    for name, place in places.items():
        if place.exists():
            shutil.copy2(place, before / name)
    try:
        for name, place in places.items():
            put(new / name, place, aside)
        for name in dropped:
            os.rename(path / name, before / name)
    except BaseException:
        for name, place in places.items():
            if Path(before, name).exists():
                put(before / name, place, aside)
            else:
                place.unlink(missing_ok=True)
        for name in dropped:
            if os.path.lexists(before / name):
                os.rename(before / name, path / name)
        raise
