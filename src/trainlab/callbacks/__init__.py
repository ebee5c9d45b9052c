"""The doctor where people train: a callback for each library, and its signals for TensorBoard and MLflow.

Each is a module of its own, which imports its library: ``trainlab.callbacks.lightning.DoctorCallback``.
"""
