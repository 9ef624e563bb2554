from .registry import datasets, fetch, open_dataset

__all__ = ["datasets", "fetch", "open_dataset"]
