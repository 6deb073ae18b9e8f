# The two commands of the README, and what they are made of. Everything else is in scripts/.
.PHONY: run test bench gate lint setup build

BINARY = .build/release/streamr-sim

setup:
	@scripts/setup

build: setup
	swift build -c release --product streamr-sim

# Succeeds when the simulation ran, whatever the verdict (exit codes: streamr-sim help run).
run: build
	@$(BINARY) run scenarios/five-friends.json; code=$$?; \
	case $$code in 0|3|10|11|12|20) \
		echo "The report is at results/five-friends-1/report.html";; \
	*) exit $$code;; esac

test: setup
	swift build --build-tests
	swift test --skip-build

gate: build
	$(BINARY) gate scenarios/five-friends.json

bench: setup
	swift build -c release --product streamr-sim
	swift run -c release bench
	swift build -c release --product bench-serve
	taskset -c 1 .build/release/bench-serve

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift
