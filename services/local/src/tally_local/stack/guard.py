"""Outlives the stack by seconds: when its parent is gone, however it went, it ends the rest.

`python -m tally_local.stack.guard RUN` waits for the end of its standard input, a pipe that
only the parent holds, and then ends every process that carries the mark of the run.
"""

import sys

from tally_local.stack.processes import RUN, end_marked

if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_marked(RUN, sys.argv[1])
