# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11 or newer with pip, and nothing else.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp

.PHONY: demo docs test lint types setup soundness coverage class hostile catalogue bench parsers translations clean mutations

# The example has mistakes, so that the check ends with status 1; any other failure stops make.
demo: $(STAMP)
	@$(BIN)/backproof check docs/examples/relu_sigmoid_softmax.md --assignment docs/examples/assignment.md; \
	  status=$$?; test $$status -eq 1 || { echo "backproof ended with status $$status, not 1" >&2; exit 2; }

test: lint types
	$(BIN)/python -m pytest -n 2

# Mutated and rewritten claims of the catalogue in great numbers; `make test` runs a few hundred of them. ARGS="--mutants 2000" for fewer.
soundness: $(STAMP)
	$(BIN)/python -m tests.soundness.campaign $(ARGS)

# Every line and branch of the kernel has to be run by the kernel's own tests.
coverage: $(STAMP)
	$(BIN)/python -m pytest tests/kernel tests/soundness -n 2 --cov=verify.kernel --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

# A class of a thousand answers marked, measured, and killed ten times (ARGS="--answers 100" for fewer); hostile input, row by row.
class: $(STAMP)
	$(BIN)/python -m tests.grading.thousand $(ARGS)

hostile: $(STAMP)
	$(BIN)/python -m tests.hostile.measure $(ARGS)

# Every entry of the catalogue on ten times as many networks as in `make test`, new ones on every run.
catalogue: $(STAMP)
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest tests/derivations -n 2 $(ARGS)

# The figures of docs/explanation/mistakes.md: every known mistake made in the proofs of the catalogue. ARGS="--most 300" for fewer.
mutations: $(STAMP)
	$(BIN)/python -m tests.explaining.mutants --each 12 --most 2200 --jobs 2 $(ARGS)

# The table of docs/explanation/performance.md, measured on this machine.
bench: $(STAMP)
	$(BIN)/python -m pytest tests/benchmarks -n 0 --benchmark-enable --benchmark-only --benchmark-timer=time.process_time $(ARGS)

# Reading alone, beside other parsers of LaTeX on the same formulas: the other table there. ARGS="--lost" shows what was not kept.
parsers: $(STAMP)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -e '.[peers]'
	$(BIN)/python -m tests.benchmarks.reading $(ARGS)

# The translations of verify/locale, compiled: to be run after a change of a .po file.
translations: $(STAMP)
	$(BIN)/pybabel compile --directory verify/locale --domain backproof

# The documentation as pages for a browser, in docs/_build/html. Needs no network once its packages are there.
docs: $(STAMP).docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

$(STAMP).docs: $(STAMP)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

setup: $(STAMP)

# Debian's Python may come without ensurepip and refuses `pip install` outside a virtual environment: hence --without-pip and --python.
$(STAMP): pyproject.toml
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
