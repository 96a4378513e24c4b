"""Training: one loop, read from top to bottom."""

import math
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from freerun._checks import NonFiniteError, check_integer, fail
from freerun._data_for import data_for
from freerun._measure import scaled_data
from freerun.bptt import BPTT, FullBPTT, Part
from freerun.data import Scaling
from freerun.forcing import TeacherForcing, spell_forcing
from freerun.forcing.hooks import arrange, check_turns, penalty, prepare, update
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Plan, PlanBatch, Progress
from freerun.state import Noise
from freerun.training.alone import Alone, is_looked_at, loss_alone
from freerun.training.batches import Batches, Runs
from freerun.training.diagnosis import diagnose
from freerun.training.history import History
from freerun.training.interrupt import Interrupt
from freerun.training.optimizer import Optimizer
from freerun.training.policies import check_policies, check_together
from freerun.training.progress import ProgressBar
from freerun.training.run_directory import check_out, describe, open_run
from freerun.training.state import Training
from freerun.training.validation import Validation

__all__ = ["fit"]

SAVE_EVERY = 1.0
"""Seconds of training that a killed process may lose: writing a run costs a few milliseconds."""

MAGNIFIED = "loss_magnified"
"""Where an optimizer that searches keeps by how much its loss is magnified."""

UPHILL = 1e6
"""How many times the loss at its start a diverging trial step of a line search counts as."""


def fit(
    net: RecurrentNetwork,
    train: Any,
    valid: Any = None,
    forcing: Forcing = TeacherForcing(),
    bptt: BPTT = FullBPTT(),
    epochs: int = 50,
    batch_size: int = 32,
    optimizer: Optimizer = Optimizer(),
    validation: Validation = Validation(),
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    notes: Mapping[str, Any] | None = None,
    progress: bool = True,
    schedule_epochs: int | None = None,
) -> History:
    """Train ``net`` in place, and leave it in evaluation mode with its best weights.

    Minimises the mean over real steps of L = - sum_t log p(y(t) | o(t)), with what is fed back as
    ``forcing`` says. Where ``net.scaling`` was not set, it is fitted on ``train``. Without
    validation data the last weights are kept. Ctrl-C (or SIGTERM) ends training after the step
    under way and keeps what there is; a second one ends it at once. PyTorch's global generator is
    neither read nor changed.

    Args:
        net: The network.
        train: Sequences, or a pair (x, y) to make them of, in the user's units.
        valid: The same, for choosing the best weights and for stopping early.
        forcing: What the output edge carries; without an output edge it is ignored.
        bptt: How far back gradients go.
        epochs: Passes over ``train``; for lbfgs, steps. 0 fits the units and keeps the run.
        batch_size: Sequences in a step.
        optimizer: What changes the weights.
        validation: How ``valid`` is used.
        seed: Of the order of the sequences, of dropout and of samples, below 2^32; not of the
            initial weights, which were drawn when ``net`` was built (``torch.manual_seed``).
        out: Where the run is kept: a new directory, as :mod:`freerun.checkpoint` describes it.
        resume: Go on with the run in ``out``, to the same bits as if it had not stopped; where
            there is none, begin it. All settings but ``epochs`` must be the same.
        overwrite: Replace the run in ``out``; nothing but a run is ever replaced.
        notes: What ``config.json`` shall say besides, as JSON knows it: where the data came from.
        progress: Show progress on standard error.
        schedule_epochs: Epochs that the schedules of ``forcing`` and of the rate are laid out over,
            of which ``epochs`` are trained; None for as many. A training that ends before its time
            has then been, up to there, the longer one.

    Returns:
        What was measured, epoch by epoch, in the user's units.

    Raises:
        ArgumentError: Arguments that do not fit together.
        DataError: Data that cannot be used.
        RunError: ``out`` exists and is not resumed, or cannot be, or cannot be written.
        NonFiniteError: A loss, gradient or weight is not finite. ``net`` gets back its best
            weights, without validation those of the last whole epoch, and the run is kept.

    Example:
        >>> import torch, freerun as fr
        >>> _ = torch.manual_seed(0)
        >>> t = torch.arange(200.0)
        >>> data = fr.Sequences(None, torch.sin(t / 5)).windows(50, stride=10)
        >>> net = fr.RecurrentNetwork(0, 16, fr.heads.Point(1), recurrence="output", output_lags=4)
        >>> history = fr.fit(net, data, epochs=60, batch_size=4, progress=False)
        >>> history["train_loss"][-1] < 0.1 * history["train_loss"][0]
        True
    """
    check_policies(forcing, bptt, optimizer, validation)
    train = data_for("fit: train", net, train)
    valid = None if valid is None else data_for("fit: valid", net, valid)
    check_integer("fit", "epochs", epochs, 0)
    check_integer("fit", "batch_size", batch_size, 1)
    check_integer("fit", "seed", seed, 0, 2**32 - 1)
    planned = epochs
    if schedule_epochs is not None:
        planned = check_integer("fit", "schedule_epochs", schedule_epochs, 1)
    check_together(net, forcing, bptt, optimizer)
    size = len(train) if optimizer.whole_batch else min(batch_size, len(train))
    batches = math.ceil(len(train) / size)
    if net.has_output_edge:
        check_turns(forcing, planned, batches)
    monitor = None if valid is None else validation.monitored(net, valid)
    scaling = net.scaling if net.has_scaling else Scaling.standard(train, y=net.head.scalable)
    settings = {
        "forcing": forcing,
        "bptt": bptt,
        "optimizer": optimizer,
        "validation": validation,
        "batch_size": batch_size,
        "seed": seed,
        "epochs": epochs,
        "schedule_epochs": schedule_epochs,
    }
    config = {} if out is None else describe(net, scaling, train, valid, settings, notes or {})
    folder = check_out(out, resume, overwrite, config)

    method = optimizer.build(net)
    units = net.get_extra_state()
    net.scaling = scaling
    try:
        followed = prepare(forcing, net, train) if net.has_output_edge else forcing
        training = Training(net, method, followed, seed)
        if folder is not None:
            open_run(training, folder, config, overwrite)
    except BaseException:
        net.set_extra_state(units)
        raise
    scaled = scaled_data(net, train)
    runs = Runs(net, scaled)
    ahead = training.epoch < epochs and training.finished is None
    behind = training.epoch * batches + training.position
    saved = time.monotonic()
    training.trained.forget()
    net.train()
    try:
        with ProgressBar(epochs, batches, progress, behind) as shown, Interrupt() as interrupt:
            if followed != forcing and type(followed) is type(forcing):
                shown.say(f"forcing: {spell_forcing(followed)}")  # what it found in the data
            while training.epoch < epochs and training.finished is None and not interrupt.asked:
                order = training.order(len(train))[training.position * size :]
                began = time.monotonic()
                # Nothing is left of an epoch that was kept before it was measured.
                with Batches(net, scaled, size, order, runs) as rest:
                    for batch in rest:
                        done = training.epoch + training.position / batches
                        now = Progress(min(done / planned, 1.0), planned)
                        _learn(training, bptt, optimizer, batch, now, rest)
                        training.position += 1
                        training.add(seconds=time.monotonic() - began)
                        shown.batch(training.epoch, training.position, _real_steps(batch))
                        del batch  # so that another takes its place, which is near the processor
                        if folder is not None and time.monotonic() - saved > SAVE_EVERY:
                            training.save(folder)
                            saved = time.monotonic()
                        if interrupt.asked:
                            break
                        began = time.monotonic()
                if training.position == batches:
                    _check_weights(training)
                    ended = training.epoch + 1
                    measured: dict[str, float] = {}
                    if valid is not None and (ended % validation.every == 0 or ended == epochs):
                        measured = validation.measure(net, valid)
                    rate = optimizer.rate(min(training.epoch / planned, 1.0))
                    shown.epoch(training.close_epoch(rate, measured))
                    if monitor is not None and measured:
                        training.judge(measured[monitor], validation.patience)
            if folder is not None and ahead:
                training.save(folder)
            interrupted = training.epoch < epochs and training.finished is None
            if interrupted:
                kept = f", kept in {folder}" if folder else ""
                shown.say(f"stopped in epoch {training.epoch + 1}{kept}")
    except NonFiniteError:
        training.go_back(folder)
        raise
    finally:
        net.eval()

    if training.best_weights is not None:
        net.load_state_dict(training.best_weights)
    stopped = "interrupted" if interrupted else (training.finished or "epochs")
    column = None if monitor is None else f"valid_{monitor}"
    return History(training.rows, column, training.best_epoch, stopped)


def _learn(
    training: Training, bptt: BPTT, optimizer: Optimizer, batch: PlanBatch, now: Progress,
    batches: Batches,
) -> None:  # fmt: skip
    """One batch: plan, unroll, back-propagate, clip, step; its figures are added to the epoch's."""
    net, method, trained = training.net, training.method, training.trained
    batch, plan = _planned(training, batch, now)
    noise = net.draw_noise(len(batch.y), _steps(batch), plan, training.generator)
    rate = optimizer.rate(now)
    for group in method.param_groups:
        group["lr"] = rate

    part: Part | Alone
    if optimizer.whole_batch:
        part, norm = _search(training, bptt, optimizer, batch, plan, noise)
        training.add(nll=float(part.nll), steps=float(part.count), norm=norm, updates=1)
    else:
        for part in _parts(training, bptt, batch, plan, noise):
            _back(training, batch, part)
            if isinstance(part, Alone):  # no kernel is called before the next batch
                batches.gather_ahead()
            if not part.update:
                _check_finite(training, batch, plan, noise, part, 0.0)
                training.add(nll=float(part.nll), steps=part.count)
                continue
            with trained.in_few_threads():
                norm = trained.clip(optimizer.limit)
                _check_finite(training, batch, plan, noise, part, norm)
                trained.step()
            trained.forget()
            training.add(nll=float(part.nll), steps=part.count, norm=norm, updates=1)
    if net.has_output_edge and not isinstance(part, Alone):
        update(training.forcing, net, batch, part.unrolled)


def _steps(batch: PlanBatch) -> int:
    return (batch.y if batch.x is None else batch.x).shape[1]


def _real_steps(batch: PlanBatch) -> int:
    """Of all its sequences."""
    lengths = batch.lengths
    return len(batch.y) * _steps(batch) if lengths is None else sum(lengths.tolist())


def _parts(
    training: Training, bptt: BPTT, batch: PlanBatch, plan: Plan | None, noise: Noise
) -> Iterable[Part | Alone]:
    """What there is to back-propagate, one after the other."""
    alone = None
    if not is_looked_at(training.net, training.forcing, bptt):
        alone = loss_alone(training.net, batch, plan, noise)
    return bptt.parts(training.net, batch, plan, noise) if alone is None else [alone]


def _planned(training: Training, batch: PlanBatch, now: Progress) -> tuple[PlanBatch, Plan | None]:
    """The batch as the forcing arranges it, and its plan; None without an output edge."""
    net, forcing, generator = training.net, training.forcing, training.generator
    if not net.has_output_edge:
        return batch, None
    batch = arrange(forcing, net, batch, now, generator)
    plan = forcing.plan(batch, now, generator)
    if not isinstance(plan, Plan):
        fix = "Return fr.Plan(values, weights)."
        fail("fit", f"{type(forcing).__name__}.plan must return a Plan", repr(plan), fix)
    return batch, plan


def _back(training: Training, batch: PlanBatch, part: Part | Alone) -> None:
    """Back-propagate the part's loss, and what the forcing adds to it."""
    if isinstance(part, Alone):
        part.backward()
        return
    more = None
    if training.net.has_output_edge:
        more = penalty(training.forcing, training.net, batch, part.unrolled, training.generator)
    (part.loss if more is None else part.loss + more).backward()


def _search(
    training: Training, bptt: BPTT, optimizer: Optimizer,
    batch: PlanBatch, plan: Plan | None, noise: Noise,
) -> tuple[Part, float]:  # fmt: skip
    """One step of a method that asks for the loss again and again; its first answer is reported."""
    net, method, trained = training.net, training.method, training.trained
    first: list[tuple[Part, float]] = []

    def loss() -> float:
        trained.forget()
        (part,) = bptt.parts(net, batch, plan, noise)
        times = _magnify(method, part.loss)
        (part.loss * times).backward()
        value, norm = float(part.loss.detach()) * times, trained.clip(optimizer.limit)
        if not first:
            _check_finite(training, batch, plan, noise, part, norm)
            first.append((part, norm / times))
        if math.isfinite(value) and math.isfinite(norm):
            return value
        # A trial step along the line at which the loop diverges: as bad as can be, but a number,
        # so that the search turns back instead of interpolating with infinities.
        method.zero_grad(set_to_none=False)
        return UPHILL * (1 + abs(float(first[0][0].loss.detach()) * times))

    method.step(loss)
    return first[0]


def _magnify(method: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    """By how much a search sees its loss magnified: the same for all of a training.

    PyTorch's LBFGS passes over a step for which (change of the gradient) . (step) <= 1e-10. In
    float64 a loss of 1e-6 falls by less in a good step, and what is left is steepest descent. The
    answer travels with the optimizer's state, so that resuming gives the same bits.
    """
    group = method.param_groups[0]
    if MAGNIFIED not in group:
        start = abs(float(loss.detach()))
        group[MAGNIFIED] = 1e6 / max(start, 1e-12) if loss.dtype == torch.float64 else 1.0
    times: float = group[MAGNIFIED]
    return times


def _check_finite(
    training: Training, batch: PlanBatch, plan: Plan | None, noise: Noise, part: Part | Alone,
    norm: float,
) -> None:  # fmt: skip
    """Stop where the loss or the gradient is not finite."""
    if math.isfinite(float(part.nll)) and math.isfinite(norm):
        return
    if isinstance(part, Alone):
        (part,) = FullBPTT().parts(training.net, batch, plan, noise)
    cause = diagnose(training.net, batch, plan, noise, part)
    sums = training.sums
    before = f"{sums['norm'] / sums['updates']:.3g}" if sums["updates"] else "not known yet"
    raise NonFiniteError(
        f"fit: loss and gradient must be finite, got loss {float(part.nll):g} and gradient norm "
        f"{norm:g} in epoch {training.epoch + 1}, batch {training.position + 1} (mean norm before: "
        f"{before}). {cause} The network has the weights {training.kept_where}."
    )


def _check_weights(training: Training) -> None:
    """Stop where an epoch's last update, whose outcome no loss has seen, broke the weights."""
    if training.trained.are_sound():
        return
    with training.trained.in_few_threads():
        for name, parameter in training.net.named_parameters():
            # A sum is not finite where a summand is not; others may overflow together.
            is_sound = math.isfinite(float(parameter.detach().sum()))
            if not (is_sound or bool(torch.isfinite(parameter).all())):
                raise NonFiniteError(
                    f"fit: weights must be finite, got others in {name} at the end of epoch "
                    f"{training.epoch + 1}: its last step was too large. Lower lr. "
                    f"The network has the weights {training.kept_where}."
                )
