# Every task, one line each. Needs python3 >= 3.11 and make; everything else is fetched into .uv and .venv here.
PYTHON ?= python3
PORT ?= 8000
UV_VERSION := 0.13.9
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

.PHONY: help demo test lint bench format clean
.DEFAULT_GOAL := help

help:   ; @grep -E '^[a-z]+: .*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10
demo: .venv/ready  ## a made-up district in your browser: make demo PORT=8000 PACK=chaoyang
	@.venv/bin/linli demo --port $(PORT) $(if $(PACK),--pack $(PACK))
test: .venv/ready  ## every test; make test ARGS="-k lamp" for some
	.venv/bin/python -m pytest -n 2 --dist loadfile $(ARGS)
lint: .venv/ready  ## style, types, layers, budgets
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports && .venv/bin/python -m pytest -q tests/test_budgets.py tests/test_boundaries.py
	LINLI_SECRET_KEY=lint .venv/bin/mypy
bench: .venv/ready  ## measure, beside the limits, in one run
	.venv/bin/python -m benchmarks $(ARGS)
format: .venv/ready  ## mend style where a machine can
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .
clean:  ## forget the tools and caches (not your data, which is in LINLI_HOME)
	rm -rf .venv .uv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The packages of uv.lock, exactly; made again only when the lock changes.
.venv/ready: uv.lock pyproject.toml .uv/bin/uv
	@echo "Installing the packages of uv.lock into .venv …"
	@.uv/bin/uv sync --frozen --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $@

# uv itself, from pip: in a venv of its own, or with pip alone where Debian left ensurepip out.
.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Linli needs python3 3.11 or newer; set PYTHON=/path/to/python3." >&2; exit 2; }
	@echo "Fetching uv $(UV_VERSION) into .uv …"
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .uv uv==$(UV_VERSION); \
	else echo "This python3 has neither venv nor pip; on Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 2; fi
