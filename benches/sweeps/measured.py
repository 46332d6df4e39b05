"""Runs a command on one core and writes down what it cost: measured.py CORE PLACE COMMAND...

The kernel tells that of a process that has ended to its parent alone, by wait4, which Rust has no safe way to ask.
"""

import json
import os
import subprocess
import sys
import time

core, place, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
os.sched_setaffinity(0, {core})
began = time.monotonic()
process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
cost = {
    "wall": time.monotonic() - began,
    "user": usage.ru_utime,
    "system": usage.ru_stime,
    "peak_kib": usage.ru_maxrss,
    "code": os.waitstatus_to_exitcode(status),
}
with open(place, "w", encoding="ascii") as out:
    json.dump(cost, out)
