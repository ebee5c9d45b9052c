"""What can be changed in a training from outside: a file a family, a function a change.

Each takes a `Patching` to put itself on, and its settings.
"""
