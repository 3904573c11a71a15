"""Switch each part of a repository's enforcement off, one at a time, in copies, and see whether `verify` notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hermetic.config import CannotRunError
from hermetic.verify.matrix import CAUGHT
from hermetic.verify.prove import CANARY, Wanted, prove
from hermetic.verify.switches import SWITCHES, Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hermetic.verify.prove import Proof
    from hermetic.verify.scratch import Scratch
    from hermetic.verify.switches import Switch

SOONER = "the repository has not got that part, or it is switched off already"


class Tried(NamedTuple):
    """One way to switch a part off: how it was noticed, () by nobody; or why it was not tried."""

    name: str
    what: str
    noticed: tuple[str, ...]
    reason: str = ""

    @property
    def survived(self) -> bool:
        """Tell whether it was tried and nobody noticed."""
        return not self.noticed and not self.reason

    def as_dict(self) -> dict[str, object]:
        """Return it as the JSON document has it."""
        record: dict[str, object] = {"name": self.name, "what": self.what, "noticed": list(self.noticed)}
        return record | ({"reason": self.reason} if self.reason else {})


class NotTriedError(Exception):
    """A switch has nothing to turn in this repository."""


def sabotaged(
    folder: str, wanted: Wanted, tell: Callable[[str], None], names: Collection[str]
) -> tuple[Proof, list[Tried]]:
    """Return the proof of the repository as it is, and what became of the sabotages with these names.

    Without rules in `wanted` the leak that every guard sees is planted. Raises `CannotRunError` as `prove` does.
    """
    wanted = wanted if wanted.codes else wanted._replace(codes=(CANARY,))
    control = prove(folder, wanted, lambda what: tell(f"as it is: {what}"))
    tried = []
    chosen = [switch for switch in SWITCHES if switch.name in names]
    for number, switch in enumerate(chosen, 1):
        tell(f"sabotage {number} of {len(chosen)}: {switch.what}")
        tried.append(attempt(folder, wanted, switch, control))
    return control, tried


def attempt(folder: str, wanted: Wanted, switch: Switch, control: Proof) -> Tried:
    """Turn one switch in a copy and compare the proof with the one of the repository as it is."""

    def change(scratch: Scratch) -> None:
        files = switch.turn(Parts.of(scratch))
        if not any(scratch.read(path) != content for path, content in files.items()):
            raise NotTriedError
        scratch.write(files)
        scratch.commit_all(switch.name)

    try:
        proof = prove(folder, wanted, lambda _: None, change)
    except NotTriedError:
        return Tried(switch.name, switch.what, (), SOONER)
    except CannotRunError as error:
        return Tried(switch.name, switch.what, (f"hermetic refuses to run: {error}",))
    return Tried(switch.name, switch.what, tuple(differences(control, proof)))


def differences(control: Proof, proof: Proof) -> list[str]:
    """Return what the second proof says that the first does not: findings, and layers that stop less."""
    known = {(item.code, item.message) for item in control.findings}
    found = [f"{item.code} {item.message}" for item in proof.findings if (item.code, item.message) not in known]
    caught = [{cell[:3] for cell in each.cells if cell.result == CAUGHT} for each in (control, proof)]
    layers = sorted({layer for _, _, layer in caught[0] - caught[1]})
    return [*dict.fromkeys(found), *(f"the layer {layer} stops less" for layer in layers)]


def table(tried: list[Tried]) -> str:
    """Return what people read: a line for each sabotage, and the count."""
    wide = max(len(one.what) for one in tried)
    lines = []
    for one in tried:
        said = f"not tried: {one.reason}" if one.reason else one.noticed[0] if one.noticed else "NOBODY NOTICES"
        lines.append(f"{one.what:{wide}}  {said}")
    performed = [one for one in tried if not one.reason]
    noticed = sum(not one.survived for one in performed)
    return "\n".join(lines) + f"\n\n{len(performed)} sabotages, {noticed} noticed\n"
