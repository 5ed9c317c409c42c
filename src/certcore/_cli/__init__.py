"""The command ``certcore``: everything the library does, from a terminal. Private; `certcore.cli.main` is its door.

What lives here: reading files and options, and showing what the library says. What never does: a decision about a
certificate; those are the library's alone. Loads click and rich, which the ``cli`` extra brings.

- One module for each command, named after it; `demo` carries out what ``demo.json`` says.
- `app`: the command's entry and its errors. `exit_codes`: their meaning. `options`: options that commands share.
- `output`: the formats of answers. `verdicts`: verdicts in words. `fields`: a certificate's fields in words.
- `files`, `inputs`: what is read and written, with its limits. `datetimes`: dates and times as they are typed.
- `json_input`, `trust_draft`, `certificate_draft`: the JSON that people edit, read strictly.
- `terminal`: escaping, colour, tables, progress.
"""
