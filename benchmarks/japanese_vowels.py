"""Japanese Vowels: test accuracy over seeds, with the settings of ``freerun train``.

    python benchmarks/japanese_vowels.py     # 5 seeds, half a minute on one core

270 utterances to train on, 370 to test, by 9 speakers. The defaults of the command line were chosen
by cross-validation of training parts, this one among them. Beside it stands the library's own
default, ``RecurrentNetwork`` and ``fit`` with no setting but the sizes.
"""

import argparse
import json
import statistics

import torch

import freerun as fr
from freerun.recipes.recipe import CLASSIFY
from freerun.recipes.settling import settle
from freerun.recipes.training import train as train_by


def from_command_line(train: fr.Sequences, seed: int) -> fr.RecurrentNetwork:
    """As ``freerun train classify japanese_vowels --seed SEED`` trains it."""
    recipe = settle(CLASSIFY, train)
    return train_by(recipe, train, fr.TeacherForcing(), seed, progress=False)[0]


def bare(train: fr.Sequences, seed: int) -> fr.RecurrentNetwork:
    """One layer of 64 tanh units, everything else as it is when nothing is said."""
    torch.manual_seed(seed)
    net = fr.RecurrentNetwork(12, 64, fr.heads.Categorical(9), readout="last")
    fr.fit(net, train, seed=seed, progress=False)
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)

    train, test = fr.datasets.load("japanese_vowels")
    found = {
        name: [fr.evaluate(trained(train, seed), test)["accuracy"] for seed in range(options.seeds)]
        for name, trained in (
            ("freerun train classify", from_command_line),
            ("RecurrentNetwork and fit, nothing set", bare),
        )
    }
    if options.json:
        print(json.dumps({"accuracy": found}))
        return
    for name, accuracies in found.items():
        each = " ".join(f"{100 * a:.1f}" for a in accuracies)
        print(f"{100 * statistics.mean(accuracies):5.2f} %   {name}   (seeds: {each})")


if __name__ == "__main__":
    main()
