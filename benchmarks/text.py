"""Text: bits per character of a network with both edges, beside n-gram models.

    python -m benchmarks.text              # about 2 minutes on one core
    python -m benchmarks.text --epochs 4   # about 40 seconds

Every model is trained on the first nine tenths of the Moby Dick excerpt and scored on the last
tenth, each character given all that came before it.
"""

import argparse
import json
import time

import torch

import freerun as fr
from benchmarks.witten_bell import WittenBell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--hidden-size", type=int, default=192)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    train, test = fr.datasets.load("moby_dick")
    characters = train.num_classes
    told, asked = train[0][1].tolist(), test[0][1].tolist()
    bits = {
        f"{order}-gram Witten-Bell": WittenBell(told, order, characters).bits_per_character(
            asked, told
        )
        for order in (3, 4, 5, 6, 7)
    }

    torch.manual_seed(options.seed)
    net = fr.RecurrentNetwork(
        0, options.hidden_size, fr.heads.Categorical(characters),
        cell="gru", recurrence="both", dropout=options.dropout,
    )  # fmt: skip
    began = time.monotonic()
    fr.fit(
        net,
        train.windows(64, stride=32),
        epochs=options.epochs,
        batch_size=64,
        optimizer=fr.Optimizer(lr=1.5e-2, warmup=0.05),
        seed=options.seed,
    )
    seconds = time.monotonic() - began
    bits["freerun, gru, both edges"] = bits_after(net, told, asked)

    if options.json:
        print(
            json.dumps({"bits_per_character": bits, "epochs": options.epochs, "seconds": seconds})
        )
        return
    print(f"{len(told)} characters to train on, {len(asked)} to score, {characters} different ones")
    for name, figure in sorted(bits.items(), key=lambda pair: -pair[1]):
        print(f"{figure:6.3f} bits per character   {name}")
    print(f"trained for {options.epochs} epochs in {seconds:.0f} s on {options.threads} thread(s)")


@torch.no_grad()
def bits_after(net: fr.RecurrentNetwork, told: list[int], asked: list[int]) -> float:
    """Bits per character of ``asked`` by a network that has just read the end of ``told``."""
    before = net(None, torch.tensor([told[-1000:]])).state
    nats = net.loss(None, torch.tensor([asked]), state=before)
    return float(nats / torch.log(torch.tensor(2.0)))


if __name__ == "__main__":
    main()
