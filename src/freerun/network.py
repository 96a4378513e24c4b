"""The recurrent network: layers of a cell, a head, and which edges recur."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from freerun._checks import check_choice, check_integer, check_number, fail
from freerun._combinations import check_combination
from freerun._described import table_of_parameters
from freerun._given import Given, read_given
from freerun._held import held, is_called_plainly
from freerun.cells import CELLS, RecurrentLayer
from freerun.data import Scaling
from freerun.heads import Categorical, Head
from freerun.plan import Forcing, Plan
from freerun.state import Noise, State
from freerun.unroll import Unrolled, real_steps, unroll, unroll_scored, unroll_total

__all__ = ["READOUTS", "RECURRENCES", "RecurrentNetwork"]

RECURRENCES = ("hidden", "output", "both")
READOUTS = ("every", "last")
NO_NOISE = Noise()


class RecurrentNetwork(nn.Module):
    """A recurrent network as the graph of Goodfellow et al. 2016, section 10.2, unfolded in time.

        a(t) = b + U x(t) + W h(t-1) + R f(t-1)        the cell's update; shown for tanh
        h(t) = tanh a(t)
        o(t) = c + V h(t) + s f(t-1)                   s only with ``residual``
        f(t) = w(t) y(t) + (1 - w(t)) g(o(t))          the output edge; w is the forcing
        L    = - sum_t log p(y(t) | o(t))              p is the head

    ========================== ================ =========== =======================================
    book                       recurrence       readout     for
    ========================== ================ =========== =======================================
    figure 10.5                hidden (R = 0)   last        classify, score or embed whole sequences
    figure 10.3                hidden (R = 0)   every       label or filter
    figures 10.4 and 10.6      output (W = 0)   every       NARX and NOE: forecast, simulate
    both edges                 both             every       text, autoregressive forecasting
    ========================== ================ =========== =======================================

    ``forward`` and ``loss`` speak scaled units, the ones the network works in; :func:`freerun.fit`,
    :func:`freerun.run`, :class:`freerun.Session` and :func:`freerun.exposure_gap` speak the user's.

    Parameters: ``layers[i].weight_ih`` is U, ``.weight_hh`` W, ``.weight_fh`` R (first layer only),
        ``.bias_ih`` b;
    ``output`` holds V and c, ``skip`` is s. Their initial values are described in
    :class:`freerun.cells.RecurrentLayer`; V starts uniform in +-sqrt(6 / (hidden + size)), c at 0,
    s at 1; with ``residual`` the location's rows of V start at 0, so that training begins with the
    forecast "as before".

    Args:
        input_size: features of x; 0 for an autonomous network.
        hidden_size: units in each layer and direction.
        head: what o means; it fixes y's shape.
        cell: ``"tanh"``, ``"relu"``, ``"identity"`` (a linear system), ``"gru"`` or ``"lstm"``.
        recurrence: ``"hidden"``, ``"output"`` or ``"both"``. Under ``"output"`` every cell sees
            zeros for its own past.
        readout: ``"every"`` step has an output, or only the ``"last"``.
        num_layers: layers upon each other.
        bidirectional: a second set of layers reads each sequence from its end.
        dropout: share of each layer's outputs that are dropped in training, on the way up (to V
            too, so that it works with one layer), never on the way to the next step.
        output_lags: k, f(t-1) ... f(t-k) are fed.
        input_lags: k, x(t) ... x(t-k) are read.
        residual: add s f(t-1) to the location in o: the network learns the change from step to
            step.

    Raises:
        ArgumentError: For a value out of range, or a combination that means nothing.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1), recurrence="output")
        >>> unrolled = net(torch.randn(4, 10, 2), torch.randn(4, 10, 1))
        >>> unrolled.mean.shape, unrolled.f.shape
        (torch.Size([4, 10, 1]), torch.Size([4, 10, 1]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        head: Head,
        cell: str = "tanh",
        recurrence: str = "hidden",
        readout: str = "every",
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        output_lags: int = 1,
        input_lags: int = 0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        where = type(self).__name__
        self.input_size = check_integer(where, "input_size", input_size, 0)
        self.hidden_size = check_integer(where, "hidden_size", hidden_size, 1)
        if not isinstance(head, Head):
            fail(where, "head must be a head", repr(head), "Pass head=fr.heads.Gaussian(1), say.")
        self.head = head
        self.cell = check_choice(where, "cell", cell, CELLS)
        self.recurrence = check_choice(where, "recurrence", recurrence, RECURRENCES)
        self.readout = check_choice(where, "readout", readout, READOUTS)
        self.num_layers = check_integer(where, "num_layers", num_layers, 1)
        self.bidirectional = bool(bidirectional)
        self.dropout = check_number(where, "dropout", dropout, 0.0, 0.999)
        self.output_lags = check_integer(where, "output_lags", output_lags, 1)
        self.input_lags = check_integer(where, "input_lags", input_lags, 0)
        self.residual = bool(residual)
        check_combination(self)

        recurrent, width = recurrence != "output", hidden_size * (2 if bidirectional else 1)
        fed = head.fed_size * output_lags if self.has_output_edge else 0
        seen = [input_size * (input_lags + 1)] + [width] * (num_layers - 1)

        def stack(fed_sizes: list[int]) -> Sequence[RecurrentLayer]:
            layers = nn.ModuleList(
                RecurrentLayer(CELLS[cell], below, hidden_size, feeds, recurrent)
                for below, feeds in zip(seen, fed_sizes, strict=True)
            )
            return cast(Sequence[RecurrentLayer], layers)

        self.layers = stack([fed] + [0] * (num_layers - 1))
        empty = cast(Sequence[RecurrentLayer], nn.ModuleList())
        self.reverse_layers = stack([0] * num_layers) if bidirectional else empty
        self.output = nn.Linear(width, head.size)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.skip = nn.Parameter(torch.ones(head.fed_size)) if residual else None
        if residual:  # o begins as f(t-1) alone: a loop that neither grows nor dies out
            nn.init.zeros_(self.output.weight.data[: head.location_size])
        self._scaling: Scaling | None = None

    @property
    def has_output_edge(self) -> bool:
        """Whether outputs are fed back: R is there."""
        return self.recurrence != "hidden"

    @property
    def context(self) -> int:
        """How many observations before the first step its lags reach."""
        return max(self.output_lags if self.has_output_edge else 0, self.input_lags)

    @property
    def scaling(self) -> Scaling:
        """Between the user's units and the network's; the identity until ``fit`` or you set it.

        ``net.scaling = Scaling.identity()`` tells ``fit`` to leave units as they are.
        """
        return Scaling.identity() if self._scaling is None else self._scaling

    @scaling.setter
    def scaling(self, scaling: Scaling) -> None:
        if scaling.y_scale is not None and not self.head.scalable:
            name = type(self.head).__name__
            fail(
                "RecurrentNetwork.scaling",
                f"y_scale must be None for {name}",
                "a scale",
                "Use Scaling.standard(data, y=False).",
            )
        for side, there, wanted in (
            ("x", scaling.x_scale, self.input_size),
            ("y", scaling.y_scale, self.head.outputs),
        ):
            if there is not None and len(there) != wanted:
                expected = f"{side}_scale must have {wanted} channels"
                fix = "Fit it on data of this network: Scaling.standard(data)."
                fail("RecurrentNetwork.scaling", expected, len(there), fix)
        self._scaling = scaling

    @property
    def has_scaling(self) -> bool:
        """Whether units were decided: ``fit`` fits a scaling only where they were not."""
        return self._scaling is not None

    def extra_repr(self) -> str:
        """What was asked for, but for what was left as it is by default."""
        asked = ["input_size", "hidden_size", "cell", "recurrence", "readout", "head"]
        default = {"num_layers": 1, "bidirectional": False, "dropout": 0.0, "output_lags": 1}
        default |= {"input_lags": 0, "residual": False}
        asked += [name for name, value in default.items() if getattr(self, name) != value]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in asked)

    def _repr_html_(self) -> str:
        """What notebooks show: what was asked for, and every parameter."""
        return table_of_parameters(
            f"RecurrentNetwork({self.extra_repr()})", self.named_parameters()
        )

    def get_extra_state(self) -> Tensor:
        """The scaling, as numbers: ``state_dict()`` carries it with the weights."""
        return torch.empty(0).double() if self._scaling is None else self._scaling.to_tensor()

    def set_extra_state(self, state: Tensor) -> None:
        """Take up a scaling; an empty one says that units are undecided."""
        outputs = self.head.outputs or 0
        found = Scaling.from_tensor(state, self.input_size, outputs) if len(state) else None
        if found is None:
            self._scaling = None
        else:
            self.scaling = found

    # --- unfolding --------------------------------------------------------------------------------

    def forward(
        self,
        x: Tensor | None,
        y: Tensor | None = None,
        forcing: Forcing | Plan | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        state: State | None = None,
        steps: int | None = None,
        generator: torch.Generator | None = None,
        noise: Noise | None = None,
        score: bool = False,
    ) -> Unrolled:
        """Unfold the network over a batch, in scaled units.

        Step t reads x(t) and f(t-1) and is scored on y(t): the first step is fed ``state.output``,
        never y(1).

        Args:
            x: ``(batch, time, input_size)``; None where ``input_size`` is 0.
            y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes: what forcing feeds.
                Without it the network runs free.
            forcing: a policy, planned as at the start of training, or a :class:`freerun.Plan`. With
                y the default is :class:`freerun.TeacherForcing`. Without an output edge it is
                ignored.
            lengths: ``(batch,)`` of 0 to time; None where all sequences fill the batch.
            mask: bool ``(batch, time)`` or ``(batch, time, outputs)``, False where y is missing;
                there w = 0.
            state: what came before the first step; :meth:`initial_state` by default.
            steps: how many, where neither x nor y says so.
            generator: where dropout and samples come from; PyTorch's global one by default.
            noise: what :meth:`draw_noise` drew, in place of a generator.
            score: whether y will be scored: then ``.nll`` is - log p(y | o) of every step, where a
                kernel can do it on the way and all of y is observed.

        Returns:
            The unrolled network: ``.o``, ``.h``, ``.f``, ``.state``. Gradients flow to x, the
            parameters and the state, and through what was fed back as far as the plan lets them.

        Raises:
            ArgumentError: For a shape, type or value that does not fit the network.
        """
        return unroll(
            self,
            *read_given(self, x, y, forcing, lengths, mask, state, steps, generator, noise, score),
        )

    def loss(
        self,
        x: Tensor | None,
        y: Tensor,
        forcing: Forcing | Plan | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        state: State | None = None,
        reduction: str = "mean",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """L = - sum_t log p(y(t) | o(t)), in scaled units, over what is real and observed.

        Args:
            x: ``(batch, time, input_size)``, or None.
            y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes; for ``readout="last"``
                without the time axis.
            forcing: as in :meth:`forward`.
            lengths: as in :meth:`forward`.
            mask: as in :meth:`forward`.
            state: as in :meth:`forward`.
            generator: as in :meth:`forward`.
            reduction: ``"sum"`` over steps and sequences, L itself; or ``"mean"`` over real steps.
                A step observed in part counts in part.

        Returns:
            A scalar; 0 where nothing is observed.
        """
        if is_called_plainly(self, RecurrentNetwork):
            given = self._read("loss", x, y, forcing, lengths, mask, state, reduction, generator)
            return self._loss_of(given, y, lengths, mask, reduction)
        _check_reduction("loss", reduction)
        unrolled = self(x, y, forcing, lengths, mask, state, None, generator, score=True)
        return self._reduced(unrolled, y, lengths, mask, reduction)

    def backpropagate(
        self,
        x: Tensor | None,
        y: Tensor,
        forcing: Forcing | Plan | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        state: State | None = None,
        reduction: str = "mean",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Back-propagate the loss through time: ``loss(...).backward()`` in one call.

            grad += dL/dp        for every parameter p

        The same numbers to the bit, and for a small network in half of the time: where kernels
        compute the loss of sequences that fill the batch, no graph is made. Whoever watches the
        graph (hooks on parameters or on what is saved, a ``forward`` of one's own, anomaly
        detection, processes that train together) gets one. Hooks on a graph's nodes are called by
        ``loss(...).backward()`` alone: on a parameter's ``AccumulateGrad``, as
        ``torch.autograd.graph.get_gradient_edge`` finds it, and those of
        ``register_multi_grad_hook``.

        Args:
            x: as in :meth:`loss`, and so are all others.
            y: what is scored.
            forcing: what the output edge carries.
            lengths: of the sequences.
            mask: what of y is there.
            state: what came before.
            reduction: ``"mean"`` or ``"sum"``.
            generator: where dropout and samples come from.

        Returns:
            The loss, detached. ``.grad`` of the parameters, and of x and the state where they ask
            for it, has grown by its gradients: forget those of the step before, as ever.

        Example:
            >>> import torch, freerun as fr
            >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1), recurrence="output")
            >>> descent = torch.optim.SGD(net.parameters(), lr=0.1)
            >>> x, y = torch.randn(4, 10, 2), torch.randn(4, 10, 1)
            >>> for _ in range(3):
            ...     descent.zero_grad()
            ...     loss = net.backpropagate(x, y, fr.FreeRunning())
            ...     descent.step()
        """
        is_own = self.__class__.loss is RecurrentNetwork.loss and "loss" not in self.__dict__
        if not (is_own and is_called_plainly(self, RecurrentNetwork)):
            loss = self.loss(x, y, forcing, lengths, mask, state, reduction, generator)
        else:
            where = "backpropagate"
            given = self._read(where, x, y, forcing, lengths, mask, state, reduction, generator)
            scored = unroll_scored(self, *given)
            if scored is not None:
                count = 1.0 if reduction == "sum" else self.count(y, None)
                scored.back_propagate(count)
                return scored.total if reduction == "sum" else scored.total / count
            loss = self._loss_of(given, y, lengths, mask, reduction)
        loss.backward()
        return loss.detach()

    def _read(
        self,
        where: str,
        x: Tensor | None,
        y: Tensor,
        forcing: Forcing | Plan | None,
        lengths: Tensor | None,
        mask: Tensor | None,
        state: State | None,
        reduction: str,
        generator: torch.Generator | None,
    ) -> Given:
        """What a loss is asked of."""
        _check_reduction(where, reduction)
        where = f"RecurrentNetwork.{where}"
        return read_given(
            self, x, y, forcing, lengths, mask, state, None, generator, None, True, where
        )

    def _loss_of(
        self, given: Given, y: Tensor, lengths: Tensor | None, mask: Tensor | None, reduction: str
    ) -> Tensor:
        """The loss of what was read: nobody else sees what is unrolled, and the sum may do."""
        total = unroll_total(self, *given)
        if total is None:
            return self._reduced(unroll(self, *given), y, lengths, mask, reduction)
        return total if reduction == "sum" else total / self.count(y, None)

    def _reduced(
        self,
        unrolled: Unrolled,
        y: Tensor,
        lengths: Tensor | None,
        mask: Tensor | None,
        reduction: str,
    ) -> Tensor:
        """The loss of what was unrolled."""
        total, observed = unrolled.total, None
        if lengths is not None or total is None:
            observed = self.observed(y, lengths, mask)
        if total is None:
            total = self.score(unrolled.o, y, observed).sum()
        return total if reduction == "sum" else total / max(self.count(y, observed), 1e-12)

    def summarize(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The fixed-size summary of a sequence: h after its last step, both ways side by side.

        Args:
            x: ``(batch, time, input_size)``, scaled.
            lengths: ``(batch,)``.

        Returns:
            ``(batch, hidden_size)``, twice as wide when bidirectional. Gradients flow to x and the
            parameters.
        """
        if self.has_output_edge:
            fail(
                "RecurrentNetwork.summarize",
                "recurrence must be 'hidden'",
                repr(self.recurrence),
                "An output edge feeds y back, so that x alone has no summary.",
            )
        return self(x, lengths=lengths).summary

    # --- the pieces that training, closed loop and measures share ---------------------------------

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return held(held(self, "output"), "weight").device

    @property
    def dtype(self) -> torch.dtype:
        """The parameters' floating-point type."""
        return held(held(self, "output"), "weight").dtype

    def state_shapes(self, batch: int) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor of a state of ``batch`` sequences, by its name."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.recurrence != "output" and not self.bidirectional:
            for number, layer in enumerate(held(self, "layers")._modules.values()):
                for part in range(layer.cell.memory):
                    shapes[f"hidden.{number}.{part}"] = (batch, self.hidden_size)
        if self.has_output_edge:
            shapes["output"] = (batch, self.output_lags, self.head.fed_size)
        if self.input_lags:
            shapes["inputs"] = (batch, self.input_lags, self.input_size)
        return shapes

    def initial_state(
        self,
        batch: int,
        outputs: Tensor | None = None,
        inputs: Tensor | None = None,
        real: Tensor | None = None,
    ) -> State:
        """What comes before the first step: zeros, but for the lags that were observed.

        Args:
            batch: how many sequences.
            outputs: ``(batch, n, outputs)``, or ``(batch, n)`` of classes, n >= ``output_lags``: y
                before the first step, oldest first, scaled.
            inputs: ``(batch, n, input_size)``, n >= ``input_lags``: x before the first step, oldest
                first, scaled.
            real: bool ``(batch, n)``, False where there was no such step: its lag stays 0.
        """
        zeros = self.output.weight.new_zeros
        hidden: tuple[tuple[Tensor, ...], ...] = ()
        if self.recurrence != "output" and not self.bidirectional:
            hidden = tuple(layer.zeros(batch) for layer in self.layers)
        fed = last = None
        if self.has_output_edge:
            fed = zeros(batch, self.output_lags, self.head.fed_size)
            if outputs is not None:
                if real is not None:
                    outputs = torch.where(
                        real if outputs.ndim == 2 else real.unsqueeze(-1), outputs, 0
                    )
                fed = self.head.feed_truth(outputs[:, -self.output_lags :]).to(fed)
                if real is not None:
                    fed = torch.where(real[:, -self.output_lags :, None], fed, 0)
        if self.input_lags:
            last = zeros(batch, self.input_lags, self.input_size)
            if inputs is not None:
                last = inputs[:, -self.input_lags :].to(last)
                if real is not None:
                    last = torch.where(real[:, -self.input_lags :, None], last, 0)
        return State(hidden, fed, last)

    def draw_noise(
        self, batch: int, steps: int, plan: Plan | None, generator: torch.Generator | None = None
    ) -> Noise:
        """What is random in one unroll: samples where the plan feeds them, dropout in training."""
        samples, drops = None, self.training and self.dropout
        if not drops and (plan is None or not plan.draws):
            return NO_NOISE
        if plan is not None and plan.draws:  # a teacher's too: a missing target makes it w = 0
            samples = self.head.noise((batch, steps), generator, self.dtype).to(self.device)
        if not drops:
            return Noise(samples)
        width, kept = self.output.in_features, 1 - self.dropout
        place = generator.device if generator is not None else self.device
        shapes = [(batch, steps, width) for _ in self.layers] + [(batch, width)]
        drawn = [torch.rand(shape, generator=generator, device=place) for shape in shapes]
        masks = [(u < kept).to(self.device, self.dtype) / kept for u in drawn]
        return Noise(samples, tuple(masks[:-1]), masks[-1])

    def observed(self, y: Tensor, lengths: Tensor | None, mask: Tensor | None) -> Tensor | None:
        """bool of y's shape: what counts in the loss; None where all of it does."""
        observed = mask
        if lengths is not None and self.readout == "every":
            real = real_steps(torch.as_tensor(lengths, device=y.device), y.shape[1])
            if y.ndim == 3:
                real = real.unsqueeze(-1)
            if mask is not None and mask.ndim < real.ndim:
                mask = mask.unsqueeze(-1)
            observed = real if mask is None else mask & real
        if observed is None:
            return None
        wide = observed.unsqueeze(-1) if observed.ndim < y.ndim else observed
        return wide.expand_as(y)

    def score(
        self, o: Tensor, y: Tensor, observed: Tensor | None, scale: Tensor | None = None
    ) -> Tensor:
        """- log p(y | o) of every step, ``(batch, time)`` or ``(batch,)``; 0 where unobserved.

        With ``scale``, the user's units per scaled unit, it is that of the user's y.
        """
        if observed is not None:
            y = torch.where(observed, y, 0)
        return self.head.nll(o, y, observed, scale)

    def count(self, y: Tensor, observed: Tensor | None) -> float:
        """How many steps count in a mean; one observed in part counts in part."""
        per_step = 1 if isinstance(self.head, Categorical) else y.shape[-1]
        return (y.numel() if observed is None else int(observed.sum())) / per_step


def _check_reduction(where: str, reduction: str) -> None:
    if reduction not in ("mean", "sum"):
        check_choice(f"RecurrentNetwork.{where}", "reduction", reduction, ("mean", "sum"))
