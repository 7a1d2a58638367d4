PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamps are named by content and place, so that a changed requirement or a moved checkout is set up anew.
digest = $(shell { cat $(1); pwd; } | cksum | cut -d ' ' -f 1)
RUN_STAMP := $(VENV)/.run-$(call digest,requirements.txt requirements.lock)
TEST_STAMP := $(VENV)/.test-$(call digest,requirements.txt requirements-test.txt requirements.lock)
KERBEROS_STAMP := $(VENV)/.kerberos-$(call digest,requirements.txt requirements-kerberos.txt requirements.lock)
# Twice quiet leaves the errors: a package index may have a warning for each package.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --only-binary :all: --constraint requirements.lock

NO_INDEX := The requirements cannot be installed; fix: connect to a package index of Python, or name one in PIP_INDEX_URL
# Runs a command that sees the programs below .build/programs; Python's standard library is all that it takes.
PROGRAMS := $(PYTHON) -m tests.tools.programs
GATES := $(PROGRAMS) $(BIN)/python -m tests.tools.gates
GATE_GROUPS := lint types unit lab findings lab-packets coverage docs sanity build bare molecule matrix

.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test test-quick test-all programs $(GATE_GROUPS) fault-matrix bench bench-quick bench-rival bench-drift bench-fuzz bench-order bench-kill golden lock screenshots clean

help: ## Print this list
	@awk -F ":.*## " "/^[a-z-]+:.*## / { printf \"  make %-12s %s\\n\", \$$1, \$$2 }" $(MAKEFILE_LIST)

setup: $(RUN_STAMP) .collections/ansible_collections/msuc/lync ## Prepare .venv (run-time requirements) and the collections path
	@:

setup-test: setup $(TEST_STAMP) $(KERBEROS_STAMP) ## The same, with the tools that the tests need
	@:

demo: setup ## A lab of simulated Windows hosts: converge, run again, find a drift, repair it; TOPOLOGY=1 starts from a topology
	@$(BIN)/python -m tests.simulators.demo $(if $(TOPOLOGY),--topology)

test: programs setup-test ## The tests; what this machine lacks is unpacked below .build, what cannot be had is a line
	@$(GATES) $(GATES_FLAGS)

test-quick: setup-test ## Style, types, and the unit tests with few examples: two minutes
	@LYNC_PROFILE=dev $(GATES) $(GATES_FLAGS) --tier quick

test-all: programs setup-test ## The tests, and what only continuous integration runs: other versions, other tools
	@$(GATES) $(GATES_FLAGS) --tier all

programs: ## Programs that the tests need and this machine lacks, unpacked below .build/programs
	@$(PROGRAMS)

lint: ## ruff, yamllint, ansible-lint, PowerShell
types: ## mypy
unit: ## Unit tests
lab: ## Playbooks against simulated hosts
findings: ## Known faults: those that are repaired, and those that are expected to fail
lab-packets: ## A plan enforced on real packets in network namespaces, and verified; needs root, nftables, iproute2, haproxy, nginx, bind9
coverage: ## Coverage of the last unit and lab runs
docs: ## What README, docs/ and examples/ say; documentation of plugins and roles; change notes
sanity: ## ansible-test sanity and units, on a copy
build: ## Build the collection and use it as installed
bare: ## The quick tests and the demo on a bare Debian, as an ordinary user; needs root and apt
molecule: ## Molecule's scenarios: a plan, Windows hosts, load balancers
matrix: ## Tests under ansible-core 2.16 and 2.21

$(GATE_GROUPS): setup-test
	@$(GATES) $(GATES_FLAGS) $@

fault-matrix: setup-test ## Every fault of every source of what a run knows, and what a run does then, as a table
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.faults

bench: setup ## Times: plans of 500 hosts, growth of compiling, of planning a host and load balancers; F5: requests, the check of declarations
	@$(BIN)/python -m tests.bench.run
	@LYNC_BENCH=1 $(BIN)/python -m pytest -q tests/lab/test_traffic.py tests/lab/test_dead_member.py tests/lab/test_udp_ring.py
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.bench.f5

bench-quick: setup ## Times beside a loop of win_firewall_rule, 20 rules on 2 hosts; LYNC_PWSH names a PowerShell 7
	@$(BIN)/python -m tests.bench.rival 20 2

bench-rival: setup ## The same with the bars on times, 60 rules on 5 hosts: may take 20 minutes
	@$(BIN)/python -m tests.bench.rival 60 5

bench-drift: setup-test ## 200 simulated hosts with 500 deviations: all are found, and how long that takes beside win_ping; some minutes
	@$(BIN)/python -m tests.tools.wheel_collections
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.bench.drift

bench-fuzz: setup-test ## 14,000 damaged answers, hives and files: each is read or refused by name, under 5 s and 500 MB; FUZZ="--seed 7 --count 1"
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.bench.fuzz $(FUZZ)

bench-order: setup-test ## 20,000 random hosts: no write ends for a moment what is admitted before and after; 10 minutes; ORDER="--seed 7"
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.bench.order $(ORDER)

bench-kill: setup-test ## Kill the controller 50 times in the middle of site.yml: drift.yml tells it, the next run converges; 30 minutes; KILL="--count 10"
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.bench.kill $(KILL)

golden: setup ## Renew the golden plans of the examples, below tests/golden, and their topologies; read their diff before you commit it
	@mkdir -p .build; for example in contoso fabrikam small; do \
		$(BIN)/ansible-playbook -i examples/$$example -e lync_plan_dir=$(CURDIR)/tests/golden/$$example playbooks/plan.yml >.build/golden-$$example.log || exit 1; \
	done
	@PYTHONPATH=.collections:. $(BIN)/python -m tests.tools.topology_examples

lock: ## Renew requirements.lock: the newest of everything that requirements*.txt allow
	@$(PYTHON) -m tests.tools.lock

screenshots: setup-test ## Renew the pictures of docs/images; look at them before you commit them
	@$(BIN)/python -m tests.lab.screenshots

clean: ## Remove what was made here, the virtual environments too
	@rm -rf .venv .build .collections .ansible .lab .*_cache .hypothesis

.collections/ansible_collections/msuc/lync:
	@mkdir -p $(@D) && ln -sfn ../../.. $@

$(RUN_STAMP): requirements.txt requirements.lock
	@echo "Setting up $(VENV) with requirements.txt ..."
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed, $(PYTHON) is {v[0]}.{v[1]}; fix: make PYTHON=...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) -r requirements.txt || { echo "$(NO_INDEX)" >&2; exit 1; }
	@touch $@

$(TEST_STAMP): $(RUN_STAMP)
	@echo "Adding requirements-test.txt to $(VENV) ..."
	@$(PIP_INSTALL) -r requirements.txt -r requirements-test.txt || { echo "$(NO_INDEX)" >&2; exit 1; }
	@touch $@

# Compiled, as there is nothing to download for Linux. Without the headers this is left for another time, and the tests
# of Kerberos are skipped.
$(KERBEROS_STAMP): $(TEST_STAMP) requirements-kerberos.txt
	@$(PROGRAMS) sh -c 'command -v krb5-config && command -v gcc' >/dev/null || { \
		echo "gssapi, krb5 and pykerberos are left out: a C compiler and the headers of Kerberos are missing (bindep.txt)"; exit 0; }; \
	echo "Compiling requirements-kerberos.txt ..." && \
	$(PROGRAMS) $(PIP_INSTALL) --no-binary gssapi,krb5,pykerberos -r requirements-kerberos.txt && touch $@
