"""``freerun warm``: compile the kernels ahead."""

from freerun.cli import options
from freerun.cli.output import print_json

__all__ = ["warm"]


def warm(json: options.Json = False) -> None:
    """Compile all kernels now, so that no training or run has to wait for it.

    They are kept on this machine: the second time there is nothing to do.
    """
    from freerun.kernels import warm as compile_all

    found = compile_all()
    if json:
        print_json({"kernels": found})
        return
    for one in found:
        how = f"compiled in {one['seconds']:.1f} s" if one["compiled"] else "there already"
        print(f"{one['kernel']:<10} {one['dtype']:<8} {how}")
