# The one list of commands: people and CI use the same.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
export PIP_CONSTRAINT = $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo gallery kafka test test-fast soak lint format types imports check bench constraints schema pages docs links dist extras clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# An older pip takes minutes to resolve what a newer one does in seconds.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25'

$(VENV)/demo.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/demo.stamp

DATA ?=
KAFKA ?=
DEMO_OPTIONS ?=
demo: $(VENV)/demo.stamp ## simulated beamline, embedded broker, headless worker: live plots become pictures (DATA=file KAFKA=host:port DEMO_OPTIONS=--keep)
	$(BIN)/xafs-workers demo $(if $(DATA),--data '$(DATA)') $(if $(KAFKA),--kafka '$(KAFKA)') $(DEMO_OPTIONS)

kafka: $(BIN)/python ## a real Apache Kafka on loopback, until Ctrl-C
	@tools/system-packages java:default-jre-headless mvn:maven
	$(BIN)/python tools/kafka/run.py --port 9092

QT_LIBRARIES = libEGL.so.1:libegl1 libGL.so.1:libgl1 libxkbcommon.so.0:libxkbcommon0 libfontconfig.so.1:libfontconfig1 \
	libdbus-1.so.3:libdbus-1-3 libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 \
	libxcb-image.so.0:libxcb-image0 libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-randr.so.0:libxcb-randr0 \
	libxcb-render-util.so.0:libxcb-render-util0 libxcb-shape.so.0:libxcb-shape0 libxcb-xkb.so.1:libxcb-xkb1 \
	libxkbcommon-x11.so.0:libxkbcommon-x11-0 libX11-xcb.so.1:libx11-xcb1
test: $(VENV)/dev.stamp ## everything the tests need, then all tests
	@tools/system-packages java:default-jre-headless mvn:maven redis-server:redis-server chromium:chromium Xvfb:xvfb openbox:openbox xdotool:xdotool \
	  xrandr:x11-xserver-utils \
	  systemd-analyze:systemd $(QT_LIBRARIES)
	@$(BIN)/python tools/kafka/run.py --fetch-only || echo "no real Kafka: its tests are skipped, except in CI" >&2
	$(BIN)/python tools/run_tests.py -n $(TEST_PROCESSES) --dist worksteal $(PYTEST_OPTIONS)

TEST_PROCESSES ?= 2
# Compiled modules are kept even where the environment says otherwise: each test run and each worker that a test starts
# would compile everything once more.
test test-fast: export PYTHONDONTWRITEBYTECODE =
test-fast: $(VENV)/dev.stamp ## unit tests only, in about a minute: no test that starts a process, none that is slow
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --hypothesis-profile fast \
	  -m 'not process and not slow and not soak' $(PYTEST_OPTIONS)

soak: $(VENV)/dev.stamp ## the file manager killed 200 times on a real Kafka
	$(BIN)/python -m pytest -m soak $(PYTEST_OPTIONS)

lint: $(VENV)/dev.stamp ## ruff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/dev.stamp ## rewrite the formatting
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/dev.stamp ## pyright
	$(BIN)/pyright --pythonpath $(BIN)/python

imports: $(VENV)/dev.stamp ## the import contracts
	$(BIN)/lint-imports

check: lint types imports ## all that reads the code without running it

ONLY ?=
gallery: $(VENV)/demo.stamp ## every figure of every kind, as pictures and a page (gallery/; ONLY=part of a picture's name)
	$(BIN)/python tools/gallery.py gallery $(if $(ONLY),--only '$(ONLY)')

bench: $(VENV)/dev.stamp ## benchmarks: ratios against named peers
	$(BIN)/python -m benchmarks

schema: $(VENV)/demo.stamp ## write the JSON schema of the configuration again
	$(BIN)/xafs-workers config schema > docs/config.schema.json

pages: schema ## write the pages of the manual that come from the models again
	$(BIN)/xafs-workers messages --markdown > docs/messages.md
	$(BIN)/xafs-workers config manual > docs/configuration.md

SPHINX = $(BIN)/python -m sphinx --quiet -d docs/_build/doctrees
docs: $(VENV)/dev.stamp ## the manual as a site in docs/_build/html: spelling checked, each warning is an error
	$(BIN)/codespell *.md docs
	rm -rf docs/_build/figures docs/reference/messages
	$(SPHINX) -W --keep-going -b html docs docs/_build/html

links: docs ## check the links of the manual to other sites (needs a network)
	$(SPHINX) -b linkcheck docs docs/_build/links

dist: $(VENV)/dev.stamp ## build the source distribution and the wheel, and check them and the conda recipe (dist/)
	rm -rf dist build
	$(BIN)/python -m pip install --quiet build check-wheel-contents py-rattler-build pyroma twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python tools/check_recipe.py recipe/recipe.yaml
	$(BIN)/pyroma --min 8 .  # 10 needs an address and an author's e-mail

PYTHONS ?= $(PYTHON)
extras: dist ## install each extra alone in a new environment and use it (PYTHONS='python3.12 python3.13')
	$(BIN)/python tools/check_install.py dist/*.whl $(foreach one,$(PYTHONS),--python '$(one)')

constraints: $(VENV)/dev.stamp ## write down the versions that are installed now
	$(BIN)/python -m pip freeze --exclude-editable --exclude xafs-workers | grep -v ' @ ' > constraints.txt

clean: ## remove what was built
	rm -rf $(VENV) build dist docs/_build demo-output .pytest_cache .ruff_cache .hypothesis .import_linter_cache
