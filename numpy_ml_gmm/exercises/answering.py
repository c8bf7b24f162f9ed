"""A notebook in a process of its own: it runs the cells, then answers the marker's questions.

What counts as right never enters this process.  A question is a line of JSON with the name of a
function and its arguments, an answer one with arrays: numbers and shapes, nothing that runs.
Before the first question numpy_ml_gmm is shut, see :func:`shut_package`.
"""

import ctypes
import gc
import json
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType

import numpy as np

from .checking import Trouble, ask, one_line
from .problems import EXERCISES

MEMORY = 4 << 30  # bytes for one notebook, where the system can limit them
MOST_NUMBERS = 100_000  # in one answer; a right one has 80,000 at most
PR_SET_CHILD_SUBREAPER = 36  # of Linux's <sys/prctl.h>
PACKAGE = str(Path(__file__).parents[1]) + os.sep
NOT_SHUT = __file__, str(Path(__file__).with_name("checking.py"))  # they ask, and know no answer
NEW_PROCESS = (  # the names of audit events
    *("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"),
    *("os.startfile", "os.system"),
)


# ---- Questions and answers as lines of JSON ------------------------------------------------------


def to_json(value):
    """An array or a random generator as plain values, for ``json.dumps``."""
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    return {"shape": value.shape, "values": value.ravel().tolist()}


def from_json(values):
    """What :func:`to_json` was given, for ``json.loads``.

    Examples
    --------
    >>> text = json.dumps([np.eye(2), np.random.default_rng(3)], default=to_json)
    >>> I, rng = json.loads(text, object_hook=from_json)
    >>> I.shape, rng.random() == np.random.default_rng(3).random()
    ((2, 2), True)
    """
    if "bit_generator" in values:
        rng = np.random.default_rng()
        rng.bit_generator.state = values
        return rng
    if "shape" in values:
        return np.array(values["values"], dtype=float).reshape(values["shape"])
    return values


# ---- The notebook --------------------------------------------------------------------------------


def answer_for(path, seconds):
    """Run the notebook at ``path``, a cell for so long at most, and answer for its functions."""
    guard_processes()
    limit_memory()
    questions, answers = own_channel()

    def say(value):
        answers.write(json.dumps(value, default=to_json).encode() + b"\n")
        answers.flush()

    try:
        cells = read_cells(path)
    except Exception as error:  # whatever it is, it is no notebook
        say(one_line(f"it cannot be read as a notebook ({type(error).__name__}: {error})"))
        return
    namespace = {"__name__": "__main__"}
    for source in cells:
        run_cell(source, namespace, seconds)
    shut_package()
    say([name for name in EXERCISES if callable(namespace.get(name))])
    for question in questions:
        name, arguments = json.loads(question, object_hook=from_json)
        say(answer(namespace[name], EXERCISES[name], arguments))


def read_cells(path):
    """The code cells of a notebook."""
    cells = json.loads(Path(path).read_bytes())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source, namespace, seconds):
    """Run one cell, which costs only itself; lines for the notebook's shell are left out."""
    lines = [
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.split("\n")
    ]
    try:
        with at_most(seconds):
            exec(compile("\n".join(lines), "<cell>", "exec"), namespace)
    except BaseException:
        pass


def answer(function, exercise, arguments):
    """The arrays of an answer, or in words why there are none."""
    try:
        parts = ask(function, exercise, arguments)
    except Trouble as trouble:
        return str(trouble)
    except BaseException as error:  # such as sys.exit
        return f"it raised {type(error).__name__}"
    size = sum(part.size for part in parts)
    return parts if size <= MOST_NUMBERS else f"it returns {size} numbers, far more than asked for"


# ---- What it may use -----------------------------------------------------------------------------


def shut_package():
    """From here on numpy_ml_gmm answers nothing in this process, and no other process is started.

    Every function that has come from its files refuses, by whatever name or wrapper it is reached.
    An audit hook, which cannot be taken out again, keeps the files themselves from being read.
    """
    gc.unfreeze()
    for f in gc.get_objects():
        if isinstance(f, FunctionType) and f.__code__.co_filename.startswith(PACKAGE):
            if f.__code__.co_filename not in NOT_SHUT:
                f.__code__ = refuse.__code__.replace(co_freevars=f.__code__.co_freevars)
    folder = os.path.realpath(PACKAGE) + os.sep

    def watch(event, arguments):
        if event == "open" and isinstance(arguments[0], str | bytes):
            if os.path.realpath(os.fsdecode(arguments[0])).startswith(folder):
                refuse()
        elif event in NEW_PROCESS:
            raise Trouble("it starts another process: compute the answer in the function itself")

    sys.addaudithook(watch)


def refuse(*_, **__):
    """What becomes of every function of the package; so it finds all that it names by itself."""
    from numpy_ml_gmm.exercises.checking import Trouble

    raise Trouble("it uses numpy_ml_gmm: the answer should be your own")


class OutOfTime(BaseException):
    """A cell does not end.  No ``except Exception`` in it catches this."""


@contextmanager
def at_most(seconds):
    """Raise :class:`OutOfTime` in the block after so long, where the system can."""
    if not hasattr(signal, "setitimer"):  # Windows: the time limit of the process must do
        yield
        return

    def out_of_time(*_):
        raise OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory():
    """One notebook must not take the machine's memory from the others."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    hard_limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MEMORY if hard_limit == resource.RLIM_INFINITY else min(MEMORY, hard_limit)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def own_channel():
    """The pipes from and to the marker, out of the way of what the notebook reads and prints."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    let_go_of_pipes()
    return pipes


def let_go_of_pipes():
    """Standard input and output lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)


# ---- Its processes -------------------------------------------------------------------------------


def guard_processes():
    """On Linux, go on in a child of this process, which ends all that is below it when told to.

    A process that leaves its session and loses its parent is nobody's elsewhere.  Here it is
    adopted, and found.
    """
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    notebook = os.fork()
    if not notebook:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return
    try:
        let_go_of_pipes()
        code = os.waitstatus_to_exitcode(os.waitpid(notebook, 0)[1])
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_children()
    os._exit(code if code >= 0 else 128 - code)  # as a shell has it


def end_children():
    """Kill the children of this process, and those that they leave to it, until none is left."""
    while True:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            except (OSError, IndexError):  # it has just ended
                continue
            if parent == os.getpid():
                os.kill(int(stat.parent.name), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
