"""The command ``certcore``: everything the library does, from a terminal. Private: programs call `certcore.cli.main`.

It reads files and options, and shows the library's answers. Only the library decides about certificates. It loads click
and rich, which the ``cli`` extra installs. Each command is a module with its name, in the package of its task:

- `verify`, `evidence`, `printing`, `register`, `trust`, `issue`: the tasks. `keys` makes and reads key files.
- `demo` carries out what ``demo.json`` says; `doctor` checks this machine.

All commands share:

- `app`: the start of the command. `groups`: loads a command when it is called. `exit_codes`: the codes it ends with.
- `input`: reads files, with limits. `output`: shows answers. `settings`: the configuration file and the language.
- `options`: whom to trust, whom to ask, and the policy. `network`: how registers are asked.
"""
