"""`python -m xafs_workers` is the command `xafs-workers`."""

from xafs_workers.cli.main import run

run()
