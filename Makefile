# The two commands of the README, and what they are made of. Everything else is in scripts/.
.PHONY: run test bench gate lint setup build fuzz fuzz-targets

# Nobody debugs what CI built, and without debug information it builds in less time.
LEAN = $(if $(CI),-debug-info-format none)
BINARY = .build/release/streamr-sim
# plan-as-written does not hold, as the tests check: it has no figures of its own to keep.
GATED = $(filter-out scenarios/plan-as-written.json,$(wildcard scenarios/*-*.json))

setup:
	@scripts/setup

build: setup
	swift build $(LEAN) -c release --product streamr-sim

# Succeeds when the simulation ran, whatever the verdict (exit codes: streamr-sim help run).
run: build
	@$(BINARY) run scenarios/five-friends.json; code=$$?; \
	case $$code in 0|3|10|11|12|20) \
		echo "The report is at results/five-friends-1/report.html";; \
	*) exit $$code;; esac

# The release build is there to be compared with the debug one.
test: build
	swift build $(LEAN) --build-tests
	@scripts/test

# Each target this many seconds, one a core. Findings are written to the folder of the call.
FUZZ_SECONDS ?= 60
FUZZED = handshake chunks amf server client url flv media capture stream resp cache
fuzz-targets: setup
	@Fuzz/build $(LEAN)
fuzz: fuzz-targets
	@printf '%s\n' $(FUZZED) | xargs -P $$(nproc) -I{} Fuzz/run {} \
		-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0

gate: build
	$(BINARY) gate $(GATED)

bench: setup
	swift build -c release --product streamr-sim
	swift run -c release bench
	swift run -c release bench-rtmp
	swift build -c release --product bench-serve
	taskset -c 1 .build/release/bench-serve
	swift build -c release --product bench-store
	taskset -c 1 .build/release/bench-store
	swift build -c release --product bench-platform
	taskset -c 1 .build/release/bench-platform
	swift build -c release --product bench-blast
	.build/release/bench-blast
	swift run -c release bench-cache
	swift run -c release bench-pcap
	Benchmarks/pcap/live .build/release/streamr-sim

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Fuzz/Sources Package.swift
