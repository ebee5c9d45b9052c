"""The commands: the group of each, what it does, and the examples at the end of its help."""

from __future__ import annotations

from dataclasses import dataclass

EXPERIMENTS, TRAINING = "Experiments", "Your own training"
UNDERSTAND, HOUSEKEEPING = "Understand", "Housekeeping"
GROUPS = (EXPERIMENTS, TRAINING, UNDERSTAND, HOUSEKEEPING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command as help shows it; messages quote the first example."""

    name: str
    group: str
    summary: str
    examples: tuple[str, ...]
    file: str = ""
    """Which file of cli/ has its function, if not that of its name."""

    @property
    def function(self) -> str:
        """Where its function is, as cyclopts loads it once the command is called."""
        name = self.name.replace("-", "_")
        return f"trainlab.cli.{self.file or name}:{name}_command"


COMMANDS = (
    Command(
        name="study",
        group=EXPERIMENTS,
        summary="Run a study file: every network with every combination of changes, on the same seeds.",
        examples=("trainlab study xor44", "trainlab study first.toml --seeds 50 --html report.html"),
    ),
    Command(
        name="run",
        group=EXPERIMENTS,
        summary="Run one experiment on many seeds; of a study file, its first network without changes.",
        examples=("trainlab run xor44", "trainlab run first.toml --seeds 200 --why 20"),
    ),
    Command(
        name="race",
        group=EXPERIMENTS,
        summary="Race many candidates: those shown to be worse are dropped, the rest get more seeds.",
        examples=(
            "trainlab race 44 xor44 --cell :A+B+E --draw 100",
            "trainlab race 5..13 xor44 --cell :A+B+C+D+E --until 95%",
        ),
    ),
    Command(
        name="map",
        group=EXPERIMENTS,
        summary="Show where in the plane of two settings training works.",
        examples=(
            "trainlab map xor44 --cell 'Model 2:A+B+E' --x optimizer.lr=1e-4..10 --y init.std=0.01..10",
            "trainlab map first.toml --x lr=1e-3..1 --y momentum=0..0.99 --size 16x16 --html map.html",
        ),
        file="run",
    ),
    Command(
        name="endings",
        group=EXPERIMENTS,
        summary="Tell where failed runs end: at a minimum, a saddle, on a plateau, or still moving.",
        examples=(
            "trainlab endings xor44 --cell 'Model 3:A+B'",
            "trainlab endings first.toml --seeds 500 --longer 20 --json endings.json",
        ),
        file="run",
    ),
    Command(
        name="serve",
        group=EXPERIMENTS,
        summary="Open the lab in your browser: build a network and see at once how it learns.",
        examples=("trainlab serve", "trainlab serve --host 0.0.0.0 --no-open"),
        file="lab",
    ),
    Command(
        name="lab",
        group=EXPERIMENTS,
        summary="Write a lesson: a study as a page of the lab that needs no server.",
        examples=(
            "trainlab lab xor44 --export lesson.html",
            "trainlab lab xor44 --cell 'Model 1:A+B' --x lr=1e-3..1 --y init.std=0.1..2 --export plane.html",
        ),
    ),
    Command(
        name="doctor",
        group=TRAINING,
        summary="Run a training script and tell what keeps it from learning.",
        examples=(
            "trainlab doctor train.py",
            "trainlab doctor --try train.py --html report.html -- --epochs 3",
        ),
    ),
    Command(
        name="seeds",
        group=TRAINING,
        summary="Was it the seed? Run a training script with many seeds and tell how its outcome varies.",
        examples=(
            "trainlab seeds train.py --seeds 20",
            "trainlab seeds train.py --seeds 20 --metric accuracy --at-least 0.9 -- --epochs 3",
        ),
    ),
    Command(
        name="faults",
        group=TRAINING,
        summary="Show what the doctor knows: all faults by name, or one with its rule and remedy.",
        examples=("trainlab faults", "trainlab faults dead_relu"),
        file="doctor",
    ),
    Command(
        name="explain",
        group=UNDERSTAND,
        summary="Answer one of five questions with the numbers of your own network, checked and tested.",
        examples=("trainlab explain learning-rate", "trainlab explain init first.toml --html init.html"),
    ),
    Command(
        name="params",
        group=UNDERSTAND,
        summary="Show the trainable parameters of a network, layer by layer.",
        examples=("trainlab params 2-11-1", "trainlab params 2-11-1 --output-bias no"),
        file="budget",
    ),
    Command(
        name="budget",
        group=UNDERSTAND,
        summary="Count, list or draw the networks that have an exact number of parameters.",
        examples=(
            "trainlab budget 44 --inputs 2 --outputs 1",
            "trainlab budget 44 --inputs 2 --outputs 1 --hidden-bias yes --min-width 2 --draw 5",
        ),
    ),
    Command(
        name="new",
        group=HOUSEKEEPING,
        summary="Write a commented study file to start from, for XOR or for data of your own.",
        examples=("trainlab new first.toml", "trainlab new --data points.csv --target ill first.toml"),
    ),
    Command(
        name="show",
        group=HOUSEKEEPING,
        summary="Show what the store holds.",
        examples=("trainlab show", "trainlab show --json"),
        file="store",
    ),
    Command(
        name="export",
        group=HOUSEKEEPING,
        summary="Write a study as CSV or Parquet, or its cells as runs of MLflow or TensorBoard.",
        examples=(
            "trainlab export first.toml runs.csv --table runs",
            "trainlab export first.toml mlflow:sqlite:///mlflow.db",
        ),
        file="study",
    ),
    Command(
        name="store",
        group=HOUSEKEEPING,
        summary="Check what the store holds for damage, repair it, or take over another.",
        examples=("trainlab store check", "trainlab store repair --store runs"),
    ),
    Command(
        name="completion",
        group=HOUSEKEEPING,
        summary="Print a script that lets your shell complete commands, options and files.",
        examples=("trainlab completion bash", "trainlab completion zsh"),
        file="main",
    ),
)

FIRST = tuple(next(command for command in COMMANDS if command.group == group).examples[0] for group in GROUPS)
"""An example from each group."""

QUESTIONS = (
    Command(
        name="neuron",
        group="Questions",
        file="explain",
        summary="What is a neuron? One taken apart, and what a stack of them is without activations.",
        examples=(
            "trainlab explain neuron",
            "trainlab explain neuron first.toml --layer 1 --unit 2 --seed 3",
        ),
    ),
    Command(
        name="learning-rate",
        group="Questions",
        file="explain",
        summary="What is the learning rate for? Rates, stability and schedules, tested on populations.",
        examples=(
            "trainlab explain learning-rate",
            "trainlab explain learning-rate first.toml --rates 1e-4..10 --schedule warmup:total_iters=20",
        ),
    ),
    Command(
        name="init",
        group="Questions",
        file="explain",
        summary="How are weights initialised? Schemes, signals through depth, symmetry, and their effects.",
        examples=("trainlab explain init", "trainlab explain init first.toml --activation relu --depth 20"),
    ),
    Command(
        name="loss",
        group="Questions",
        file="explain",
        summary="What is a loss? Which fits the output and the task, its gradient, and outliers.",
        examples=("trainlab explain loss", "trainlab explain loss first.toml --loss mse --loss huber"),
    ),
    Command(
        name="chain-rule",
        group="Questions",
        file="explain",
        summary="What is the chain rule? Every path from a weight to the loss, multiplied out.",
        examples=("trainlab explain chain-rule", "trainlab explain chain-rule --input 1,2,3,4 --target 0"),
    ),
)

CARE = (
    Command(
        name="check",
        group="Care",
        summary="Name all damage in the store; the exit code is 1 if there is any.",
        examples=("trainlab store check", "trainlab store check --store runs"),
        file="store",
    ),
    Command(
        name="repair",
        group="Care",
        summary="Delete what is damaged, so that it is trained again; the old file is kept beside it.",
        examples=("trainlab store repair", "trainlab store repair --store runs"),
        file="store",
    ),
    Command(
        name="import",
        group="Care",
        summary="Take over from another store what is missing in this one.",
        examples=("trainlab store import cluster/.trainlab", "trainlab store import old --store runs"),
        file="store",
    ),
)

PARTS = {"explain": QUESTIONS, "store": CARE}
"""The commands of those that are several."""


def examples_words(examples: tuple[str, ...]) -> str:
    """Return the examples that help ends with."""
    return "\n".join(["For example:", *(f"  {example}" for example in examples)])
