"""Groups of commands: a command's module is loaded when it is called, and all errors are shown in the same way.

Every command has ``--config`` and ``--lang``: a command that does not declare them gets them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from certcore._cli import exit_codes
from certcore._cli.output.help import Context
from certcore._cli.settings import configuration, language
from certcore.errors import CertcoreError

_CONFIG = click.option(
    "--config",
    "configuration_file",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=configuration.keep_given,
    help="The file of settings, instead of certcore.toml in this folder or your own; or CERTCORE_CONFIG.",
)


class Group(click.Group):
    """A group that gives its help where no command is named; and the help says in full what each command does."""

    context_class = Context

    def __init__(self, callback: object = None, **how: Any) -> None:  # noqa: ANN401, ARG002  click's own; of the function, its name and docstring count
        super().__init__(callback=_give_help, invoke_without_command=True, no_args_is_help=False, **how)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, each with its first sentence, which goes on in the next line rather than end in dots."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        shown = [(name, one.get_short_help_str(1000)) for name, one in found if one is not None and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(shown)


class CommandGroup(Group):
    """The command itself: its commands return their exit codes.

    Args:
        modules: a command's name to its module and its name there.
    """

    def __init__(self, modules: Mapping[str, tuple[str, str]], **how: Any) -> None:  # noqa: ANN401  click's own
        super().__init__(**how)
        self._modules = modules

    def list_commands(self, _: click.Context) -> list[str]:
        """Every command's name."""
        return sorted(self._modules)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, loaded now."""
        if cmd_name in self._modules and cmd_name not in self.commands:
            module, name = self._modules[cmd_name]
            command: click.Command = getattr(import_module(module), name)
            _give_common_options(command)
            self.add_command(command, cmd_name)
        return self.commands.get(cmd_name)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  click's own
    ) -> click.Context:
        """As click does it; wrong usage of the command itself is told here."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except (click.ClickException, CertcoreError) as error:
            _leave_with(error)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it; what was typed is remembered."""
        language.keep_arguments(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command that was asked for and leave with its exit code."""
        try:
            code = super().invoke(ctx)
        except (click.ClickException, CertcoreError) as error:
            _leave_with(error, ctx)
        ctx.exit(code if isinstance(code, int) else exit_codes.DONE)


@click.pass_context
def _give_help(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _leave_with(error: click.ClickException | CertcoreError, ctx: click.Context | None = None) -> NoReturn:
    from certcore._cli.output import errors  # noqa: PLC0415  words are loaded only where something went wrong

    if isinstance(error, CertcoreError):
        errors.tell(error, language.of(ctx))
    else:
        errors.tell_usage(error, language.of(getattr(error, "ctx", None) or ctx))
    raise click.exceptions.Exit(exit_codes.ERROR) from error


def _give_common_options(command: click.Command) -> None:
    """Let a command, and every one below it, have the options that all have, and its help in both languages."""
    command.context_class = Context
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _give_common_options(inner)
        return
    names = {parameter.name for parameter in command.params}
    for name, give in (("configuration_file", _CONFIG), ("lang", partial(language.option(is_handed_over=False)))):
        if name not in names:
            give(command)
