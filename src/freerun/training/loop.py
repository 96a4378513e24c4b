"""Training: one loop, read from top to bottom."""

import math
import os
import time
from typing import Any

from freerun._checks import NonFiniteError, check_integer
from freerun._data_for import data_for
from freerun._measure import scaled_batch
from freerun.bptt import BPTT, FullBPTT, Part
from freerun.data import Scaling
from freerun.forcing import Forcing, Plan, PlanBatch, TeacherForcing
from freerun.network import RecurrentNetwork
from freerun.training.diagnosis import diagnose
from freerun.training.history import History
from freerun.training.interrupt import Interrupt
from freerun.training.optimizer import Optimizer
from freerun.training.progress import Progress
from freerun.training.run_directory import named, open_run
from freerun.training.state import Training
from freerun.training.validation import Validation
from freerun.unroll import Noise

__all__ = ["fit"]

SAVE_EVERY = 1.0
"""Seconds of training that a killed process may lose: writing a run costs a few milliseconds."""


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
    progress: bool = True,
) -> History:
    """Train ``net`` in place, and leave it in evaluation mode with its best weights.

    Minimises the mean over real steps of L = - sum_t log p(y(t) | o(t)), with what is fed back as ``forcing``
    says. Where ``net.scaling`` was not set, it is fitted on ``train``. Without validation data the last
    weights are kept. Ctrl-C ends training after the step under way and keeps what there is.

    Args:
        net: The network.
        train: Sequences, or a pair (x, y) to make them of, in the user's units.
        valid: The same, for choosing the best weights and for stopping early.
        forcing: What the output edge carries; without an output edge it is ignored.
        bptt: How far back gradients go.
        epochs: Passes over ``train``; for lbfgs, steps.
        batch_size: Sequences in a step.
        optimizer: What changes the weights.
        validation: How ``valid`` is used.
        seed: Of the order of the sequences, of dropout and of samples; not of the initial weights,
            which were drawn when ``net`` was built (``torch.manual_seed``).
        out: Where the run is kept: a new directory, as :mod:`freerun.checkpoint` describes it.
        resume: Go on with the run in ``out``, to the same bits as if it had not stopped; where there is
            none, begin it. All settings but ``epochs`` must be the same.
        progress: Show progress on standard error.

    Returns:
        What was measured, epoch by epoch, in the user's units.

    Raises:
        ArgumentError: Arguments that do not fit together.
        DataError: Data that cannot be used.
        RunError: ``out`` exists and is not resumed, or cannot be, or cannot be written.
        NonFiniteError: A loss or gradient is not finite. ``net`` gets back the weights of the last
            whole epoch, and the run is kept.

    Example:
        >>> import torch, freerun as fr
        >>> _ = torch.manual_seed(0)
        >>> t = torch.arange(200.0)
        >>> data = fr.Sequences(None, torch.sin(t / 5)).windows(50, stride=10)
        >>> net = fr.RecurrentNetwork(0, 16, fr.heads.Point(1), recurrence="output", output_lags=4)
        >>> history = fr.fit(net, data, epochs=60, progress=False)
        >>> history["train_loss"][-1] < 0.1 * history["train_loss"][0]
        True
    """
    train = data_for("fit: train", net, train)
    valid = None if valid is None else data_for("fit: valid", net, valid)
    check_integer("fit", "epochs", epochs, 1)
    check_integer("fit", "batch_size", batch_size, 1)
    check_integer("fit", "seed", seed, 0)
    size = len(train) if optimizer.whole_batch else min(batch_size, len(train))
    batches = math.ceil(len(train) / size)
    if not net.has_scaling:
        net.scaling = Scaling.standard(train, y=net.head.scalable)
    monitor = None if valid is None else validation.monitored(net)
    prepare = getattr(forcing, "prepare", None)
    if prepare is not None:
        prepare(net, train)

    training = Training(net, optimizer.build(net), forcing, seed)
    settings = {
        "forcing": named(forcing),
        "bptt": named(bptt),
        "optimizer": named(optimizer),
        "validation": named(validation),
        "batch_size": batch_size,
        "seed": seed,
        "epochs": epochs,
    }
    folder = open_run(training, out, resume, train, settings)
    net.train()
    saved = time.monotonic()
    with Progress(epochs, batches, progress) as shown, Interrupt() as interrupt:
        while training.epoch < epochs and training.finished is None and not interrupt.asked:
            order = training.order(len(train))[training.position * size :]
            for raw in train.batches(size, context=net.context, order=order):
                began = time.monotonic()
                batch = scaled_batch(net, raw)
                share = (training.epoch + training.position / batches) / epochs
                rate = optimizer.rate(share)
                try:
                    _learn(training, bptt, optimizer, batch, share, rate)
                except NonFiniteError:
                    training.go_back(folder)
                    raise
                training.position += 1
                training.add(seconds=time.monotonic() - began)
                shown.batch(training.epoch, training.position, int(raw.lengths.sum()))
                if folder is not None and time.monotonic() - saved > SAVE_EVERY:
                    training.save(folder)
                    saved = time.monotonic()
                if interrupt.asked:
                    break
            if training.position == batches:
                ended = training.epoch + 1
                measured: dict[str, float] = {}
                if valid is not None and (ended % validation.every == 0 or ended == epochs):
                    measured = validation.measure(net, valid)
                shown.epoch(training.close_epoch(optimizer.rate(training.epoch / epochs), measured))
                if monitor is not None and measured:
                    training.judge(measured[monitor])
                    if validation.patience is not None and training.waited >= validation.patience:
                        training.finished = "patience"
        if folder is not None:
            training.save(folder)
        interrupted = training.epoch < epochs and training.finished is None
        if interrupted:
            shown.say(
                f"stopped in epoch {training.epoch + 1}" + (f", kept in {folder}" if folder else "")
            )

    if training.best_weights is not None:
        net.load_state_dict(training.best_weights)
    net.eval()
    stopped = "interrupted" if interrupted else (training.finished or "epochs")
    column = None if monitor is None else f"valid_{monitor}"
    return History(training.rows, column, training.best_epoch, stopped)


def _learn(
    training: Training, bptt: BPTT, optimizer: Optimizer, batch: PlanBatch, share: float, rate: float
) -> None:  # fmt: skip
    """One batch: plan, unroll, back-propagate, clip, step; its figures are added to the epoch's."""
    net, method, forcing = training.net, training.method, training.forcing
    plan = forcing.plan(batch, share, training.generator) if net.has_output_edge else None
    steps = (batch.y if batch.x is None else batch.x).shape[1]
    noise = net.draw_noise(len(batch.y), steps, plan, training.generator)
    for group in method.param_groups:
        group["lr"] = rate

    if optimizer.whole_batch:
        part, norm = _search(training, bptt, optimizer, batch, plan, noise)
        training.add(nll=float(part.nll), steps=float(part.count), norm=norm, updates=1)
    else:
        method.zero_grad()
        for part in bptt.parts(net, batch, plan, noise):
            part.loss.backward()
            norm = float(optimizer.clipped(net)) if part.update else 0.0
            _check_finite(training, batch, plan, part, norm)
            training.add(nll=float(part.nll), steps=float(part.count))
            if part.update:
                method.step()
                method.zero_grad()
                training.add(norm=norm, updates=1)
    update = getattr(forcing, "update", None)
    if update is not None:
        update(net, batch, part.unrolled)


def _search(
    training: Training, bptt: BPTT, optimizer: Optimizer, batch: PlanBatch, plan: Plan | None, noise: Noise
) -> tuple[Part, float]:  # fmt: skip
    """One step of a method that asks for the loss again and again; its first answer is reported."""
    net = training.net
    first: list[tuple[Part, float]] = []

    def loss() -> float:
        training.method.zero_grad()
        (part,) = bptt.parts(net, batch, plan, noise)
        part.loss.backward()
        if not first:
            first.append((part, float(optimizer.clipped(net))))
            _check_finite(training, batch, plan, *first[0])
        return float(part.loss.detach())

    training.method.step(loss)
    return first[0]


def _check_finite(
    training: Training, batch: PlanBatch, plan: Plan | None, part: Part, norm: float
) -> None:  # fmt: skip
    """Stop where the loss or the gradient is not finite; the network gets back the last good weights."""
    if math.isfinite(float(part.nll)) and math.isfinite(norm):
        return
    cause = diagnose(training.net, batch, plan, part)
    sums = training.sums
    before = f"{sums['norm'] / sums['updates']:.3g}" if sums["updates"] else "not known yet"
    raise NonFiniteError(
        f"fit: loss and gradient must be finite, got loss {float(part.nll):g} and gradient norm {norm:g} in "
        f"epoch {training.epoch + 1}, batch {training.position + 1} (mean norm before: {before}). {cause} "
        f"The weights of the end of epoch {training.epoch} are kept."
    )
