"""Your tasks. Every module of this folder is imported, which makes its tasks known."""

import importlib
import pkgutil

for module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{module.name}")
