"""The task whose tables the model sees.

To put a task of your own between the preprocessor and the model, name it here.
"""

from tasks.preprocessor import Preprocessor as Features

__all__ = ["Features"]
