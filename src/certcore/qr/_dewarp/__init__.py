"""Read symbols that single decoders miss: find the grid in the picture, rectify it and draw the symbol again.

- `finders`: finder patterns. `triples`: three of them that belong to one symbol. `grid`: where its modules are.
- `modules`: which are dark. `flatten`: the rectified picture. `symbols`: the symbols that were read.
"""
