"""The numbers of the pictures of faults, made of a training: what a report draws, and what its JSON holds.

`kinds.py` has the kinds, `shared_pictures.py` what several faults share; what only one has stands with it.

Every picture has `kind`, `title` and what that kind needs:

``lines``  ``x_label``, ``y_label``, ``log_y``, ``lines``: label, x, y (None where not finite)
``bars``   ``x_label``, ``log``, ``bars``: label, value; ``usual``: the range of healthy trainings, or None
``histogram``  ``x_label``, ``edges``, ``counts``; ``range``: label, low, high (None: no end)
``strips``  ``parts``: their names; ``rows``: label and a count for each part
``chain``  ``nodes``: label, note, wrong; ``arrows``: each leads to the next
``shapes``  ``boxes``: label, shape, wrong
"""
