"""Translate a driver's errors into one-line errors of the kit, the same way for every store.

Depends on the kit's errors. Does not know any driver: the `errors` module of each store says which errors its
driver has, and what one means.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from ys_analytics.errors import ContractError, StoreError

_Address = TypeVar("_Address")


def translation(
    kinds: Callable[[], tuple[type[BaseException], ...]],
    explain: Callable[[BaseException, _Address], StoreError | ContractError],
) -> Callable[[_Address], AbstractContextManager[None]]:
    """The block in which a store's driver is used.

    Args:
        kinds: The errors to translate; asked when there is one, so that the driver is not imported before.
        explain: What an error means at an address: one line without a secret.

    Returns:
        A function from an address to a context manager, which raises what `explain` gives from the error.

    >>> translate_errors = translation(lambda: (KeyError,), lambda error, address: StoreError(f"{address}: {error}"))
    >>> with translate_errors("redis"):
    ...     {}["gone"]
    Traceback (most recent call last):
    ...
    ys_analytics.errors.StoreError: redis: 'gone'
    """

    @contextmanager
    def translate_errors(address: _Address) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if isinstance(error, kinds()):
                raise explain(error, address) from error
            raise

    return translate_errors
