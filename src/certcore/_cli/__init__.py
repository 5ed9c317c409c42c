"""The command ``certcore``: everything the library does, from a terminal. Private; `certcore.cli.main` is its door.

It reads files and options, and shows the library's answers. Only the library decides about certificates. Loads click
and rich, which the ``cli`` extra brings. A command is a module of its name, in the room of its errand:

- `verify`, `evidence`, `printing`, `register`, `trust`, `issue`: the errands. `keys` makes and reads key files.
- `demo` carries out what ``demo.json`` says; `doctor` looks at this machine.

What all commands share:

- `app`: the command's entry. `groups`: commands loaded when they are called. `exit_codes`: how they end.
- `input`: what is read, with its limits. `output`: what is answered. `settings`: the configuration and the language.
- `options`: whom to trust, whom to ask and by which policy. `network`: how registers are asked.
"""
