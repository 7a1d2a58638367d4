PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamps are named by content and place, so that a changed pin or a moved checkout is set up anew.
digest = $(shell { cat $(1); pwd; } | cksum | cut -d ' ' -f 1)
RUN_STAMP := $(VENV)/.run-$(call digest,requirements.txt)
TEST_STAMP := $(VENV)/.test-$(call digest,requirements.txt requirements-test.txt)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help setup setup-test

help: ## Print this list
	@awk -F ":.*## " "/^[a-z-]+:.*## / { printf \"  make %-12s %s\\n\", \$$1, \$$2 }" $(MAKEFILE_LIST)

setup: $(RUN_STAMP) .collections/ansible_collections/msuc/lync ## Prepare .venv (run-time requirements) and the collections path

setup-test: setup $(TEST_STAMP) ## The same, with the tools that the tests need

.collections/ansible_collections/msuc/lync:
	@mkdir -p $(@D) && ln -sfn ../../.. $@

$(RUN_STAMP): requirements.txt
	@echo "Setting up $(VENV) with requirements.txt ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@echo "Adding requirements-test.txt to $(VENV) ..."
	@$(PIP_INSTALL) -r requirements.txt -r requirements-test.txt
	@touch $@
