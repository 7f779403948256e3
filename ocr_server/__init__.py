"""An OCR server: bytes in, then pages, zones, lines and words, then any format out."""

from __future__ import annotations

import os

__version__ = "0.2.0"

# Before any library is loaded, as each looks only once: what runs side by side is chosen by the
# slots. Tesseract's own threads cost 2.4 times the processor time that they save, alone and under
# load; those of NumPy and OpenCV reserve 90 MB of address space each, out of a worker's limit.
os.environ |= {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}

# For the processes started from here. With its memory in large pages, a Tesseract needs an eighth
# less processor time for a few words; and workers give back what a page took, which is a fifth of
# all that the server holds. Source: the glibc manual, "Memory Allocation Tunables".
os.environ.setdefault(
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2"
    ":glibc.malloc.mmap_threshold=262144:glibc.malloc.trim_threshold=1048576",
)
