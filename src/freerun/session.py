"""One step at a time, forever: a network beside the system that it models."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from freerun._checks import RunError, check_integer, fail
from freerun._files import write_whole
from freerun._inputs import check_state, check_y
from freerun._measure import scaled_inputs, scaled_targets, to_tensor
from freerun._steps import Steps, steps_for
from freerun.closed_loop import as_generator, check_draw, draw_noise, outputs_of
from freerun.heads import Categorical, Sampling
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unroll import emitted, unroll

__all__ = ["Session"]

KIND, FORMAT = "freerun session", "1"
GENERATOR = "generator"


class Session:
    """A network that is run step by step, in the user's units.

        predict(x)       look at the next step without taking it: its mean, or probabilities
        observe(x, y)    take it on the truth:                    f(t) = y(t)
        step(x)          take it on the network's own output:     f(t) = g(o(t)), and return that

    ``step`` after ``step`` is :func:`freerun.run`: the same seed gives the same path. All that is
    kept from step to step is ``state``, whose size does not grow. Nothing has a gradient, dropout
    is off, and the network stays as it is: several sessions may share one.

    Without an output edge nothing is fed back; ``observe`` then needs no y. With ``readout="last"``
    ``predict()`` without x is the output of what was read so far.

    Args:
        net: The network. A bidirectional one, which needs the future, is refused.
        draw: What ``step`` takes: ``"mean"``, ``"sample"``, or a :class:`freerun.Sampling`.
        generator: Where draws come from, or a seed; PyTorch's global one by default.
        batch_size: How many sequences are run side by side; by default one, without a batch axis.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1), recurrence="both")
        >>> session = fr.Session(net)
        >>> for x, y in zip(torch.randn(10, 2), torch.randn(10, 1)):
        ...     forecast = session.predict(x)
        ...     session.observe(x, y)
        >>> session.step(torch.randn(2)).shape
        torch.Size([1])

    Source: Goodfellow et al. 2016, section 10.2.1 (closed loop, open loop).
    """

    def __init__(
        self,
        net: RecurrentNetwork,
        draw: str | Sampling = "mean",
        generator: torch.Generator | int | None = None,
        batch_size: int | None = None,
    ) -> None:
        if net.bidirectional:
            fix = "Use fr.predict(net, x), on whole sequences."
            fail("Session", "a network must run forward in time", "bidirectional=True", fix)
        check_draw("Session", net.head, draw)
        if batch_size is not None:
            check_integer("Session", "batch_size", batch_size, 1)
        self.net = net
        self.draw = draw
        self.generator = as_generator("Session", generator)
        self.batch_size = batch_size
        width = (net.input_size,)
        self._x_shape = width if batch_size is None else (batch_size, *width)
        self._plan = Plan(None, 0.0) if net.has_output_edge else None
        self._steps: Steps | None = None
        self._is_ahead = False  # whether the steps know of a state that self._held does not
        self.reset()

    def reset(self) -> None:
        """Forget everything, as before the first step; the generator goes on."""
        self._state = self.net.initial_state(self.batch_size or 1)

    @property
    def _state(self) -> State:
        """The state, wherever the last step left it."""
        if self._is_ahead:
            assert self._steps is not None
            self._held, self._is_ahead = self._steps.state(), False
        return self._held

    @_state.setter
    def _state(self, state: State) -> None:
        self._held, self._is_ahead = state, False
        self._is_loaded = False

    @property
    def state(self) -> State:
        """What the last step handed on, scaled, one row a sequence; to be set, a path's will do.

        Raises:
            ArgumentError: A state that is set is not one of this network's and batch size's.
        """
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        check_state("Session", self.net, state, self.batch_size or 1)
        self._state = state.detach()

    def predict(self, x: Any = None) -> Tensor:
        """Return the next step's mean without taking the step.

        Args:
            x: ``(input_size,)``, or ``(batch_size, input_size)``; None for an autonomous network.
                One channel may come without its axis.

        Returns:
            ``(outputs,)``, or probabilities ``(classes,)``, after a batch axis if there is one.

        Raises:
            ArgumentError: x does not fit the network.
        """
        net = self.net
        if x is None and net.readout == "last":
            check_state("Session", net, self._state, self.batch_size or 1)
            with torch.no_grad():
                o = net.output(self._state.hidden[-1][0])
        else:
            o = self._look(x)[0]
        mean = net.head.mean(o)
        is_classes = isinstance(net.head, Categorical)
        return self._out(mean if is_classes else net.scaling.unscale_y(mean))

    def observe(self, x: Any = None, y: Any = None) -> None:
        """Take the next step on the truth: it is what the step after is fed.

        Args:
            x: As in :meth:`predict`.
            y: ``(outputs,)`` or a class, with a batch axis before where there is one. Without an
                output edge it is not read.

        Raises:
            ArgumentError: x or y does not fit the network. Then the step is not taken.
        """
        f = None
        if self.net.has_output_edge:
            if y is None:
                fix = "Pass y, or step(x) on the network's own output."
                if self.net.input_size == 0 and x is not None:
                    fix = "Call observe(y=...): there is no x."
                fail("Session.observe", "y must be given to be fed back", "None", fix)
            f = self.net.head.feed_truth(self._target(y)).to(self.net.dtype)
        self._take(self._look(x)[1], f)

    def step(self, x: Any = None) -> Tensor:
        """Take the next step on the network's own output, and return that.

        Args:
            x: As in :meth:`predict`.

        Returns:
            y in the user's units, ``(outputs,)``, or a class ``()``: the mean (the likeliest
            class), or what was drawn. With a batch axis before where there is one.

        Raises:
            ArgumentError: x does not fit the network. Then the step is not taken.
        """
        taken = self._fast_step(x)
        if taken is not None:
            return taken
        o, after = self._look(x)
        noise = None
        if self.draw != "mean":
            noise = draw_noise(self.net, len(o), 1, self.generator)[:, 0]
        f = emitted(self.net.head, o, Plan(None, 0.0, self.draw), noise)
        y = outputs_of(self.net, o, f, self.draw, noise)
        self._take(after, f if self.net.has_output_edge else None)
        return self._out(y)

    def _fast_step(self, x: Any) -> Tensor | None:
        """A step on the kernels; None, and no step, where they or x need a closer look."""
        net, batch = self.net, self.batch_size or 1
        if net.input_size == 0:
            if x is not None:
                return None
        elif (
            type(x) is not Tensor
            or x.dtype != net.output.weight.dtype
            or x.requires_grad
            or x.shape != self._x_shape
            or not x.is_cpu
        ):
            return None
        steps = self._steps
        if steps is None or not steps.is_current():
            self._state = self._state  # out of the old steps
            steps = self._steps = steps_for(net, self.batch_size, self.draw)
            if steps is None:
                return None
        if not self._is_loaded:
            check_state("Session", net, self._held, batch)
            steps.load(self._held)
            self._is_loaded = True
        noise = None
        if self.draw != "mean":
            if x is not None and not bool(x.isfinite().all()):
                return None  # before anything is drawn
            noise = draw_noise(net, batch, 1, self.generator)[:, 0]
        if not steps.take(x, noise):
            return None
        self._is_ahead = True
        if self.draw == "mean" and steps.feeds_location:
            return steps.output()
        stepper = steps.stepper
        o, f = stepper.o[:, 0].clone(), stepper.before[:, -1].clone()
        return self._out(outputs_of(net, o, f, self.draw, noise))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state, and the generator's if there is one, as one safetensors file.

        Raises:
            RunError: The file cannot be written there.
        """
        tensors = self._state.tensors()
        if self.generator is not None:
            tensors[GENERATOR] = self.generator.get_state()
        kept = {name: part.detach().cpu().clone() for name, part in tensors.items()}
        metadata = {"kind": KIND, "format": FORMAT}
        write_whole(path, safetensors.torch.save(kept, metadata))

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Go on from what :meth:`save` wrote: a session that draws goes on as it would have.

        A generator that was saved is put back into this session's own, or into a new one.

        Raises:
            RunError: The file is not there, or not a session's, or of a newer format.
            ArgumentError: It is another network's, or of another batch size. Then nothing changes.
        """
        tensors = _read(Path(path))
        drawn = tensors.pop(GENERATOR, None)
        wanted = self.net.initial_state(self.batch_size or 1)
        shapes = {name: tuple(part.shape) for name, part in wanted.tensors().items()}
        found = {name: tuple(part.shape) for name, part in tensors.items()}
        if found != shapes:
            fix = "Build the Session of the network and batch_size that it was saved from."
            fail("Session.restore", f"a state of {shapes}", str(found), fix)
        self.state = State.from_tensors(tensors).map(lambda part: part.to(self.net.device))
        if drawn is not None:
            self.generator = self.generator or torch.Generator()
            self.generator.set_state(drawn)

    def __repr__(self) -> str:
        return f"Session({self.net.head}, draw={self.draw!r}, batch_size={self.batch_size})"

    def _look(self, x: Any) -> tuple[Tensor, State]:
        """o of the next step, and the state after it, by the network as it is now."""
        scaled = self._input(x)
        check_state("Session", self.net, self._state, self.batch_size or 1)
        with torch.no_grad():
            # No noise is passed, so that nothing is dropped whichever mode the network is in.
            unrolled = unroll(self.net, scaled, self._plan, self._state, 1, None, Noise())
        o = unrolled.o if unrolled.o.ndim == 2 else unrolled.o[:, 0]
        assert unrolled.state is not None
        return o, unrolled.state

    def _take(self, after: State, f: Tensor | None) -> None:
        """Hand the state on, with f in place of what the free unroll would have fed."""
        if f is not None:
            assert self._state.output is not None
            register = torch.cat([self._state.output[:, 1:], f.unsqueeze(1)], 1)
            after = State(after.hidden, register, after.inputs)
        self._state = after

    def _input(self, x: Any) -> Tensor | None:
        """X of one step, scaled, ``(batch, 1, input_size)``."""
        size = self.net.input_size
        if size == 0:
            if x is not None:
                fail("Session", "x must be None, for input_size is 0", "some", "Leave x out.")
            return None
        return scaled_inputs(self.net, self._one_step("x", x, size)).reshape(-1, 1, size)

    def _target(self, y: Any) -> Tensor:
        """Y of one step, scaled, ``(batch, outputs)`` or ``(batch,)``."""
        scaled = scaled_targets(self.net, self._one_step("y", y, self.net.head.outputs))
        scaled = scaled.unsqueeze(0) if self.batch_size is None else scaled
        check_y("Session", self.net, None, scaled.unsqueeze(1), None, None)
        return scaled

    def _one_step(self, name: str, given: Any, width: int | None) -> Tensor:
        """What the user passed for one step, checked; one channel may come without its axis."""
        batch = () if self.batch_size is None else (self.batch_size,)
        shape = batch if width is None else (*batch, width)
        fix = "Pass one step; Session(batch_size=...) takes several sequences side by side."
        if given is None:
            fail("Session", f"{name} must be {shape}", "None", fix)
        value = to_tensor(name, given)
        if width == 1 and value.ndim == len(batch):
            value = value.unsqueeze(-1)
        if tuple(value.shape) != shape:
            fail("Session", f"{name} must be {shape}", tuple(value.shape), fix)
        if value.is_floating_point() and not bool(value.isfinite().all()):
            missing = {"x": "Fill what is missing.", "y": "Where it is missing, take step(x)."}
            fail("Session", f"{name} must be finite", value.tolist(), missing[name])
        return value

    def _out(self, y: Tensor) -> Tensor:
        return y[0] if self.batch_size is None else y


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a session's file."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        fail("Session.restore", f"a file {path}", "nothing there", "Check the path.", RunError)
    except (OSError, safetensors.SafetensorError) as error:
        fix = "Pass what Session.save wrote."
        fail("Session.restore", f"{path} must be a saved session", f"({error})", fix, RunError)
    if metadata.get("kind") != KIND:
        fix = "Pass what Session.save wrote."
        got = f"a {metadata.get('kind', 'file of tensors')}"
        fail("Session.restore", f"{path} must be a saved session", got, fix, RunError)
    if metadata.get("format") != FORMAT:
        fix = "Update freerun."
        got = f"format {metadata.get('format')}"
        fail("Session.restore", f"{path} must be of format {FORMAT}", got, fix, RunError)
    return tensors
