# Verbs only: what they do is in CMakePresets.json and scripts/. Start with `make test` or `make demo`.
.DEFAULT_GOAL := build
.PHONY: deps build run test demo asan tsan layers tidy format format-fix fuzz bench prove image chart clean

deps:        ## installs what building and testing needs
	scripts/deps

build: deps  ## the program, debug build: build/dev
	scripts/build dev

run: build   ## the service with the sample configuration
	build/dev/src/app/headrace serve --config config/headrace.yaml

test: deps   ## builds and runs all tests
	scripts/test dev

demo: deps   ## a PDF becomes pictures, a full queue says 429, metrics show both
	scripts/demo

asan: deps   ## tests under AddressSanitizer and UndefinedBehaviorSanitizer
	scripts/test asan

tsan: deps   ## tests under ThreadSanitizer
	scripts/test tsan

layers:      ## include order, third-party libraries, file sizes; links, keys and metrics in the documents
	python3 scripts/check_layers_test.py
	scripts/check_layers
	python3 scripts/check_docs_test.py
	scripts/check_docs

tidy: deps   ## clang-tidy over our sources
	scripts/deps apt tools
	scripts/deps clang-tidy
	scripts/tidy

format:      ## says what clang-format would change
	scripts/deps apt tools
	scripts/format --check

format-fix:  ## changes it
	scripts/deps apt tools
	scripts/format --fix

fuzz: deps   ## every fuzzer for FUZZ_SECONDS (default 60)
	scripts/fuzz

bench: deps  ## the figures of the README
	scripts/bench

prove: deps  ## the long proofs, or PROVE_SECONDS of each
	scripts/prove

image:       ## builds the container image, runs it, sends it a PDF
	scripts/image-check

chart:       ## the Helm chart: lint, schema, manifests, suites
	scripts/chart-check

clean:
	rm -rf build demo-output
