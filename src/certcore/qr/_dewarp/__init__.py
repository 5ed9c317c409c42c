"""Reading what single decoders miss: a symbol's grid is found in the picture, laid flat and drawn anew.

- `finders`: finder patterns. `triples`: three of them that belong to one symbol. `grid`: where its modules are.
- `modules`: which are dark. `flatten`: the picture laid flat. `symbols`: the symbol as it is drawn anew.
"""
