"""Tables where rules are partial or missing: `tables=auto`.

`tables.py` decides for each region of a page. `rules.py` and `grids.py` find what crossing rules enclose, and
`refining.py` parts that further where words tell more. `lines.py` and `blocks.py` find lines whose words stand in
columns; `prose.py` and `signs.py` say what is none of it. `columns.py`, `pieces.py`, `headers.py` and `rows.py` make
cells of them. `judging.py` turns down what is no table.
"""
