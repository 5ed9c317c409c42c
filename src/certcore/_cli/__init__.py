"""The command ``certcore``: everything the library does, from a terminal. Private; `certcore.cli.main` is its door.

It reads files and options, and shows the library's answers. Only the library decides about certificates. Loads click
and rich, which the ``cli`` extra brings.

- One module for each command, named after it; `demo` carries out what ``demo.json`` says.
- `app`: the command's entry and its errors. `exit_codes`: their meaning. `options`: options that commands share.
- `output`: the formats of answers. `verdicts`: verdicts in words. `fields`: a certificate's fields in words.
- `files`, `inputs`: what is read and written, with its limits. `datetimes`: dates and times as they are typed.
- `json_input`, `trust_draft`, `certificate_draft`: the JSON that people edit, read strictly.
- `terminal`: escaping, colour, tables, progress.
"""
