"""Public data sets: their labels, their fixed splits, and packed arrays for training."""

from ecgcore.datasets.access import TEST, log_test_access
from ecgcore.datasets.entry import SPLITS, Annotation, Entry
from ecgcore.datasets.folds import patient_folds
from ecgcore.datasets.index import DATASETS, KINDS, SINGLE_LEAD, TWELVE_LEAD, load_index
from ecgcore.datasets.loading import load_recording
from ecgcore.datasets.packing import PackedSet, PackedSignals, pack
from ecgcore.datasets.places import cache_root, data_root

__all__ = [
    "DATASETS",
    "KINDS",
    "SINGLE_LEAD",
    "SPLITS",
    "TEST",
    "TWELVE_LEAD",
    "Annotation",
    "Entry",
    "PackedSet",
    "PackedSignals",
    "cache_root",
    "data_root",
    "load_index",
    "load_recording",
    "log_test_access",
    "pack",
    "patient_folds",
]
