"""Names in any script are drawn or numbered, and no warning is given."""

from __future__ import annotations
