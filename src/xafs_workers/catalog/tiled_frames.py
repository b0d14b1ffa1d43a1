"""Frames read by HTTP from the Tiled server that brings the documents; the server reads the files."""

from __future__ import annotations

import numpy as np

from xafs_workers.catalog.connection import Connection
from xafs_workers.catalog.errors import CatalogError
from xafs_workers.scans.frames import FrameRequest, Frames
from xafs_workers.settings import TiledDocuments


class TiledFrames:
    """Reader of the array nodes of one server; its methods block in the caller's thread."""

    def __init__(self, settings: TiledDocuments):
        self._connection = Connection.from_documents(settings)

    def read(self, request: FrameRequest) -> Frames:
        """Read frames; those that the server cannot give yet have a problem that may pass."""
        count = request.stop - request.start
        try:
            with self._connection.open_runs() as runs:
                node = runs[tuple(request.node.split("/"))]
                if int(node.shape[0]) < request.stop:
                    short = f"Tiled has {node.shape[0]} of {request.stop} frames of {request.key}"
                    return Frames(request, problem=short, is_final=False)
                values = np.asarray(node[request.start : request.stop], dtype=np.float64).reshape(count, -1)
        except KeyError:
            return Frames(request, problem=f"{request.key} is not in Tiled", is_final=False)
        except CatalogError as error:
            return Frames(request, problem=f"{request.key}: {error}", is_final=False)
        except (TypeError, ValueError) as error:
            return Frames(request, problem=f"{request.key} in Tiled: {error!s:.200} (expected numbers)")
        if values.shape[1] != 1:
            return Frames(request, problem=f"{request.key} in Tiled has {values.shape[1]} numbers a point (expected 1)")
        return Frames(request, values[:, 0])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
