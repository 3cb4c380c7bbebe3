# make run | make test | make venv: each works as the first command on a clean clone.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# a study is a dozen processes: without bytecode each compiles everything anew
unexport PYTHONDONTWRITEBYTECODE
STAMP := $(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)

.PHONY: venv dev run test twins reference fast-forward coverage faults bench columns lint clean

venv: .venv/run-$(STAMP)
dev: .venv/dev-$(STAMP)

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run-$(STAMP): | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[server,search]'
	rm -f .venv/run-* && touch $@

.venv/dev-$(STAMP): | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	rm -f .venv/dev-* .venv/run-* && touch $@ .venv/run-$(STAMP)

.venv/bench-$(STAMP): | .venv/dev-$(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	rm -f .venv/bench-* && touch $@

run: venv            ## the quick start: a study goes in, a fitted law comes out
	$(BIN)/grokscale quickstart

# workers of one thread each: two for what runs Ray, which mostly waits, and one for all else; see RayApart
test twins faults: export OMP_NUM_THREADS = 1
test twins faults: export OPENBLAS_NUM_THREADS = 1
test: dev            ## the whole suite
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

twins: dev           ## kills that the suite tries on one database, on the other
	$(BIN)/python -m pytest -m twin

reference: dev       ## the published reference values, in full
	$(BIN)/python -m pytest -m reference tests/e2e

fast-forward: dev    ## five hundred varied trials against a plain loop, to the step
	$(BIN)/python -m pytest -m reference tests/trainers/fast_forward

coverage: dev        ## how often the intervals of laws hold, over simulated studies, as a Markdown table
	$(BIN)/python -m tests.studies.laws.coverage

# and all that is slow: simulated studies, every decade of an integral
faults: dev          ## kill -9 at every seam, on SQLite and PostgreSQL; nodes, clusters and networks lost
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "fault or slow"

bench: .venv/bench-$(STAMP)  ## every engine against loops, and the whole service, as a Markdown table
	$(BIN)/python -m tests.benchmarks

columns: dev         ## what the columns of a table mean, from the descriptions of the tasks
	$(BIN)/grokscale tasks columns > docs/columns.md

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf .venv build dist *.egg-info
